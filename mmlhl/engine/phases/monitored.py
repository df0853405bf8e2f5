"""Values of metrics that a config follows: best checkpoints, early stopping, rates on a plateau."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmengine.logging import print_log

from ...evaluation.directions import higher_is_better
from ...spelling import hint
from .save_best import best_with_rules, checkpoint_hooks, early_stopping_hooks
from .schedules import follows_a_metric, groups

SAVE_BEST = "checkpoint.save_best"
RULES = {"greater": True, "less": False}


@dataclass(frozen=True)
class Followed:
    """A value that a config follows.

    Attributes:
        place: Key of the option.
        name: The value, such as ``seg/mIoU``; ``auto`` is the first of a validation.
        rule: ``greater`` or ``less`` is better; None if the config does not say.
    """

    place: str
    name: str
    rule: str | None


def followed(cfg: Mapping) -> Iterator[Followed]:
    """All values that a phase's config follows."""
    for hook in checkpoint_hooks(cfg):
        for name, rule in best_with_rules(hook):
            yield Followed(SAVE_BEST, name, rule)
    for hook in early_stopping_hooks(cfg):
        yield Followed("EarlyStoppingHook.monitor", str(hook.get("monitor")), hook.get("rule"))
    for place, scheduler in plateaus(cfg):
        monitor = str(scheduler.get("monitor", "loss"))
        yield Followed(f"{place}.monitor", monitor, scheduler.get("rule", "less"))


def plateaus(cfg: Mapping) -> Iterator[tuple[str, dict]]:
    """Schedules that follow a metric, with their places."""
    for holder, key, group in groups(cfg):
        name = "param_scheduler" if holder is cfg else f"param_scheduler.{key}"
        for index, scheduler in enumerate(group):
            if follows_a_metric(scheduler):
                yield f"{name}[{index}]", scheduler


def check_followed(cfg: Mapping, names: Sequence[str], evaluator: Any, complete: bool) -> None:
    """Refuse values that no validation gives, and those of which the worst would be kept.

    Args:
        cfg: A phase's config.
        names: Names of the values of a validation.
        evaluator: Its evaluator, which may know directions of the user's own metrics.
        complete: Whether a validation has no further names, whatever its images are.

    Raises:
        ValueError: Naming the option, and the nearest value or the right rule.
    """
    for each in followed(cfg):
        name = each.name
        if name == "auto" and names:
            name = names[0]
            if each.rule is None and higher_is_better(name, evaluator) is None:
                raise ValueError(
                    f"{each.place}='auto' is {name!r} here, and whether more or less of it is "
                    "better is unknown: add rule='greater' or rule='less', or name another value"
                )
        elif names and name not in names:
            text = f"{each.place} is {name!r}, but a validation"
            given = f"gives {list(names)}{hint(name, names)}"
            if complete:
                raise ValueError(f"{text} {given}")
            print_log(
                f"{text} of the first images {given}",
                "current",
                logging.WARNING,
            )
        better = higher_is_better(name, evaluator)
        if better is not None and RULES.get(str(each.rule), better) is not better:
            raise ValueError(
                f"{each.place}={name!r} has rule={each.rule!r}, which takes the worst for the "
                f"best: write rule={'greater' if better else 'less'!r}, or leave the rule out"
            )
