"""Checks of a config without phases, which mmengine's own runner trains."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from ...registered import registered_class
from .checking.drawn_fields import check_drawn
from .checking.idle_variables import idle_variables, left_by_mmseg, variables_read
from .checking.keys import check_keys
from .checking.left_out import keys_of, lacking
from .checking.moment_checks import check_moments
from .checking.normalisation import check_normalisation
from .checking.schedule_values import check_units
from .checking.scopes import check_scope
from .checking.top_keys import acting_keys, check_top_keys
from .checking.values import check_trains, check_values
from .lengths import refuse_endless_epochs
from .monitored import SAVE_BEST, followed
from .shapes import check_shapes
from .trials.build import try_hooks
from .trials.running import try_running

#: checks of a phase's config that need no phases
_CHECKS = (
    *(check_shapes, check_trains, check_scope, check_keys, check_values, check_units),
    *(check_moments, check_drawn, check_normalisation, refuse_endless_epochs),
)


def check_plain_run(cfg: Config) -> None:
    """Check the config of a training without phases like that of a phase, as far as it is one.

    Variables that are set without an effect are a warning, since some of mmseg's own configs have
    them; so are keys that only those configs set.

    Args:
        cfg: A config to train with; those of other runners are left alone.

    Raises:
        ValueError: Naming the key, the value and what would be right.
    """
    runner = cfg.get("runner_type")
    if runner is not None and registered_class(RUNNERS, runner) is not Runner:
        return
    file = cfg.filename
    if file is not None:
        for _, message in idle_variables(file, acting_keys(cfg)):
            print_log(message, "current", logging.WARNING)
    left = left_by_mmseg(file)
    check_top_keys(cfg, read=variables_read(file), left=left)
    for check in _CHECKS:
        _check_own(check, cfg, left)
    for kind in ("val", "test"):
        absent = lacking(cfg, kind)
        if 0 < len(absent) < len(keys_of(kind)):
            raise ValueError(
                f"{absent[0]} is not set: set all of {', '.join(keys_of(kind))}, or none"
            )
    if lacking(cfg, "val"):
        for each in followed(cfg):
            text = f"{each.place}={each.name!r} has no effect, as nothing validates"
            if each.place != SAVE_BEST:
                raise ValueError(f"{text}: set val_dataloader and so on, or leave it out")
            print_log(text, "current", logging.WARNING)
    try_running(cfg, "training")
    if unruled := try_hooks(cfg, "", own=False):  # the runner will build those
        raise unruled[0]


def _check_own(check: Callable[[Config], object], cfg: Config, left: Collection[str]) -> None:
    """Make a check; of entries that only mmseg's own configs set, it warns.

    Those are then left out, and the check is made again, for errors in what the user sets.
    """
    try:
        check(cfg)
    except ValueError as error:
        found = re.match(r"\w*", str(error))
        key = found.group() if found else ""
        if key not in left:
            raise
        print_log(f"{error} (an mmseg config sets it)", "current", logging.WARNING)
        if key in cfg:
            rest = {each: value for each, value in cfg.items() if each != key}
            _check_own(check, Config(rest), left)
