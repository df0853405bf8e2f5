"""Adapting ``save_best``, early stopping and rates on a plateau to the tasks of a phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmengine.config import Config
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmseg.registry import HOOKS

from ...config_values import as_list
from ...evaluation.directions import DIRECTIONS, higher_is_better
from ...registered import names_class
from .moments import hooks
from .schedules import follows_a_metric, groups


def follow_tasks(cfg: Config, seen: Sequence[str]) -> None:
    """Drop ``save_best`` if its task is not learned yet, or there is no validation.

    An ``EarlyStoppingHook`` or a ``ReduceOnPlateauLR`` that monitors such a task is dropped as
    well. ``rule`` corresponds to ``save_best`` entry by entry and loses the same entries. A missing
    rule is filled in for metrics whose direction is known.

    Raises:
        ValueError: If ``rule`` and ``save_best`` have different lengths.
    """
    for hook in early_stopping_hooks(cfg):
        task = str(hook.get("monitor")).split("/")[0]
        if cfg.get("val_cfg") is None or task not in seen:
            _drop(cfg, hook)
        elif hook.get("rule") is None and (rule := _rule_of(str(hook.get("monitor")))):
            hook["rule"] = rule
    _follow_plateaus(cfg, seen)
    for hook in checkpoint_hooks(cfg):
        if hook.get("save_best") is None:
            continue
        listed = best_with_rules(hook)
        kept = [
            (name, rule if rule is not None else _rule_of(name))
            for name, rule in listed
            if cfg.get("val_cfg") is not None and (name == "auto" or name.split("/")[0] in seen)
        ]
        if not kept:
            hook["save_best"] = None
            hook.pop("rule", None)
            continue
        if len(kept) < len(listed):
            hook["save_best"] = [name for name, _ in kept]
        if all(each is not None for _, each in kept):
            hook["rule"] = [each for _, each in kept]
        elif "auto" in dict(listed):  # of which mmengine infers the rule by these names
            for key, better in (("greater_keys", True), ("less_keys", False)):
                names = [name for name, value in DIRECTIONS.items() if value is better]
                hook.setdefault(key, [f"{task}/{name}" for task in seen for name in names])


def best_with_rules(hook: Mapping) -> list[tuple[str, str | None]]:
    """The values of ``save_best``, each with its ``rule``, None if there is none.

    Raises:
        ValueError: If ``rule`` and ``save_best`` have different lengths.
    """
    best, rule = hook.get("save_best"), hook.get("rule")
    names = [] if best is None else as_list(best)
    rules = as_list(rule)
    rules = rules * len(names) if len(rules) == 1 else rules
    if names and len(rules) != len(names):
        raise ValueError(
            f"checkpoint.rule={rule!r} has {len(rules)} entries, save_best={best!r} has "
            f"{len(names)}: write one rule, or one for each"
        )
    return list(zip(names, rules, strict=False))


def _follow_plateaus(cfg: Config, seen: Sequence[str]) -> None:
    """Drop schedules that follow a metric of a task that is not learned yet; fill in the rule."""
    for holder, key, group in groups(cfg):
        kept = []
        for scheduler in group:
            if follows_a_metric(scheduler):
                monitor = str(scheduler.get("monitor"))
                if monitor.split("/")[0] not in seen:
                    continue
                if scheduler.get("rule") is None and (rule := _rule_of(monitor)):
                    scheduler["rule"] = rule  # mmengine would take "less" for any metric
            kept.append(scheduler)
        if len(kept) < len(group):
            holder[key] = kept


def checkpoint_hooks(cfg: Mapping) -> Iterator[dict]:
    """Configs of the hooks that save checkpoints, wherever they are listed."""
    for place, hook in hooks(cfg):
        if place == "default_hooks.checkpoint" or names_class(HOOKS, hook, CheckpointHook):
            yield hook


def early_stopping_hooks(cfg: Mapping) -> list[dict]:
    """Configs of the hooks that end the training of a phase by a metric."""
    return [hook for _, hook in hooks(cfg) if names_class(HOOKS, hook, EarlyStoppingHook)]


def _drop(cfg: Config, hook: dict) -> None:
    """Take a hook out of the config."""
    listed, named = cfg.get("custom_hooks") or [], cfg.get("default_hooks") or {}
    cfg.custom_hooks = [each for each in listed if each is not hook]
    for name in [name for name, each in named.items() if each is hook]:
        del named[name]


def _rule_of(name: str) -> str | None:
    better = higher_is_better(name)
    return None if better is None else "greater" if better else "less"
