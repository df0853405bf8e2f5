"""Checkpoints from the middle of a phase, which know its task only in part."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log

from ..config_values import is_whole
from ..explaining import is_shown

#: entry of a published checkpoint's meta
UNFINISHED = "unfinished"


def unfinished(checkpoint: Mapping[str, Any], cfg: Mapping[str, Any]) -> str | None:
    """How far the phase had come in which a checkpoint was saved.

    Returns:
        Such as "epoch 3 of 20"; None at the end of a phase, or if nothing is known.
    """
    meta = checkpoint.get("meta") or {}
    stated = meta.get(UNFINISHED)
    if isinstance(stated, str) and stated and len(stated) < 100 and is_shown(stated):
        return stated
    loop = cfg.get("train_cfg")
    if "message_hub" not in checkpoint or not isinstance(loop, Mapping):
        return None
    for counted, most in (("epoch", loop.get("max_epochs")), ("iter", loop.get("max_iters"))):
        done = meta.get(counted)
        if is_whole(most) and is_whole(done) and 0 <= done < most:
            return f"{'iteration' if counted == 'iter' else counted} {done} of {most}"
    return None


def say_unfinished(checkpoint: Mapping[str, Any], cfg: Mapping[str, Any], source: str) -> None:
    """Log a warning for a checkpoint from the middle of a phase."""
    found = unfinished(checkpoint, cfg)
    if found:
        print_log(
            f"{source} was saved in mid-phase, after {found}: its newest task is learned in part; "
            "the model of a finished phase has the phase's name, such as phase_2_depth/depth.pth",
            "current",
            logging.WARNING,
        )
