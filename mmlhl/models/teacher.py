"""The frozen model of the previous phase."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from torch import nn

from .frozen import freeze


def build_teacher(model: dict, checkpoint: str, tasks: Sequence[str]) -> nn.Module:
    """A frozen :class:`LifelongSegmentor` with the weights of a checkpoint file.

    Built from the file, never from the live model: after a resume the live model is a
    half-trained student.

    Args:
        model: config of the model as it was when the checkpoint was written; its tasks, method
            and initialisation do not matter.
        checkpoint: file, anything that mmengine loads.
        tasks: tasks that the teacher has to know.

    Raises:
        ValueError: if the checkpoint lacks a task or a weight of it, or has one of another shape.
    """
    config = copy.deepcopy(dict(model))
    # tasks=None follows the checkpoint; initialisation would only be overwritten
    config.update(tasks=None, new_tasks=[], method=dict(type="Naive"))
    teacher = MODELS.build(config)
    loaded = load_checkpoint(teacher, checkpoint, map_location="cpu")
    state = loaded.get("state_dict", loaded)
    own = teacher.state_dict()
    lacking = [task for task in tasks if task not in teacher.heads]
    missing = [key for key in own if key not in state]
    # mmengine only logs them, and the weight stays random
    other = [key for key in own if key in state and state[key].shape != own[key].shape]
    if lacking or missing or other:
        if lacking:
            reason = f"it has no head for {lacking}"
        elif missing:
            reason = f"it lacks {missing[:5]}"
        else:
            key = other[0]
            shapes = f"{tuple(state[key].shape)}, the config says {tuple(own[key].shape)}"
            reason = f"{len(other)} weights have another shape, such as {key}: {shapes}"
        raise ValueError(f"the checkpoint {checkpoint} cannot teach {list(tasks)}: {reason}")
    return freeze(teacher)
