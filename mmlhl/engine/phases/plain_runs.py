"""Checks of a config without phases, which mmengine's own runner trains."""

from __future__ import annotations

import logging
import re

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from ...registered import registered_class
from .checking.drawn_fields import check_drawn
from .checking.idle_variables import idle_variables, left_by_mmseg, variables_read
from .checking.keys import check_keys
from .checking.moment_checks import check_moments
from .checking.normalisation import check_normalisation
from .checking.schedule_values import check_units
from .checking.scopes import check_scope
from .checking.top_keys import acting_keys, check_top_keys
from .checking.values import check_trains, check_values
from .lengths import refuse_endless_epochs
from .shapes import check_shapes
from .trials.build import try_hooks

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
    kind = cfg.get("runner_type")
    if kind is not None and registered_class(RUNNERS, kind) is not Runner:
        return
    file = cfg.filename
    if file is not None:
        for _, message in idle_variables(file, acting_keys(cfg)):
            print_log(message, "current", logging.WARNING)
    left = left_by_mmseg(file)
    check_top_keys(cfg, read=variables_read(file), left=left)
    for check in _CHECKS:
        try:
            check(cfg)
        except ValueError as error:
            key = re.match(r"\w*", str(error))
            if key is None or key.group() not in left:
                raise
            print_log(f"{error} (an mmseg config sets it)", "current", logging.WARNING)
    if unruled := try_hooks(cfg, ""):
        raise unruled[0]
