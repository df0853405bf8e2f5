"""The frozen model of the previous phase."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn

from ...checkpoints import stored_tasks, weights_of
from .exact_loading import load_exactly
from .freezing import freeze
from .stored_inputs import with_stored_input


def build_teacher(model: dict, checkpoint: str, tasks: Sequence[str]) -> nn.Module:
    """A frozen :class:`LifelongSegmentor` with the weights of a checkpoint file.

    Built from the file, never from the live model: after a resume the live model is a
    half-trained student. Its input is normalised as in the checkpoint, if that contains the values.

    Args:
        model: Config of the checkpoint's model; its tasks, method and initialisation are ignored.
        checkpoint: File, or anything else that mmengine loads.
        tasks: Tasks that the teacher must have; further tasks of the checkpoint are kept.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint lacks a task or a weight of it, or has one of another shape.
    """
    refusal = f"the checkpoint {checkpoint} cannot teach {list(tasks)}"
    print_log(f"teacher of {', '.join(tasks)}: {checkpoint}, frozen", "current")
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu", logger="silent")
    state = weights_of(loaded)
    stored = stored_tasks(state)
    lacking = [task for task in tasks if task not in stored]
    if lacking:
        raise ValueError(f"{refusal}: it has no head for {lacking}")
    config = with_stored_input(copy.deepcopy(dict(model)), loaded, checkpoint)
    known = [task for task in config["heads"] if task in stored]
    config.update(tasks=known, new_tasks=[], method=dict(type="Naive"))
    teacher = MODELS.build(config)
    load_exactly(teacher, state, refusal)
    return freeze(teacher)
