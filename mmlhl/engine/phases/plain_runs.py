"""Checks of a config without phases, which mmengine's own runner trains."""

from __future__ import annotations

import logging

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from ...registered import registered_class
from .checking.idle_variables import idle_variables
from .checking.top_keys import acting_keys
from .lengths import refuse_endless_epochs
from .trials.weights import check_first_weights


def check_plain_run(cfg: Config) -> None:
    """Warn of variables that are set without an effect; refuse endless epochs and unfit weights.

    Some of mmseg's own configs set such variables, so they are no reason to refuse a config.

    Args:
        cfg: A config to train with; those of other runners are left alone.

    Raises:
        ValueError: Naming the sampler, or a file of which no weight fits.
    """
    kind = cfg.get("runner_type")
    if kind is not None and registered_class(RUNNERS, kind) is not Runner:
        return
    if cfg.filename is not None:
        for _, message in idle_variables(cfg.filename, acting_keys(cfg)):
            print_log(message, "current", logging.WARNING)
    refuse_endless_epochs(cfg)
    if cfg.get("model") is not None:
        check_first_weights(cfg)
