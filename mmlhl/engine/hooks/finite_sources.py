"""NaN and infinity in the outputs of teachers and in the state of optimisers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...checkpoints.poison import not_finite
from ...checkpoints.walking import placed_tensors
from ...models.methods.protocols import Learner
from ...models.teachers import members


def teacher_heads(model: object) -> list[tuple[str, nn.Module]]:
    """Heads of all frozen models attached to a model.

    Returns:
        Tasks and heads; an mmseg segmentor's is called ``decode_head``.
    """
    found: list[tuple[str, nn.Module]] = []
    teachers = getattr(model, "frozen_models", {}).values()
    for frozen in (each for teacher in teachers for each in members(teacher)):
        heads = getattr(frozen, "heads", None)
        if heads is not None:
            found += heads.items()
            continue
        head = getattr(frozen, "decode_head", None)
        if head is not None:
            found.append(("decode_head", head[-1] if isinstance(head, nn.ModuleList) else head))
    return found


def watch_teachers(model: object, note: Callable[[str, Tensor], None]) -> list[RemovableHandle]:
    """Check the outputs of a model's teachers, as the argmax of NaN would look like a valid class.

    Args:
        model: A segmentor.
        note: Called with a name, and a number that is NaN if the teacher's map is not finite.
    """

    def look(task: str) -> Callable:
        def call(head: nn.Module, args: Any, output: Any) -> None:
            maps = [each for _, each in placed_tensors(output) if each.is_floating_point()]
            if maps:
                fine = torch.stack([each.isfinite().all() for each in maps]).all()
                note(f"the teacher's map of {task}", torch.where(fine, 0.0, torch.nan))

        return call

    return [head.register_forward_hook(look(task)) for task, head in teacher_heads(model)]


def spoilt_states(model: Learner, optimizers: Sequence[torch.optim.Optimizer]) -> list[str]:
    """Entries of the optimisers' state, by parameter, that are not finite."""
    names = {id(p): name for name, p in model.named_parameters()}
    return [
        f"the optimiser's {key} of {names.get(id(parameter), 'a parameter')}"
        for optimizer in optimizers
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
        if not_finite(value)
    ]
