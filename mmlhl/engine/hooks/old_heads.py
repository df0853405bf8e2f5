"""Heads that learn nothing in a phase."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ...checkpoints import weights_of
from ...models.teachers import first_few, misfits
from ..learner import PhaseModel


def check_old_heads(model: PhaseModel, state: Mapping[str, Tensor]) -> None:
    """A head that learns nothing in this phase has to come from the checkpoint as a whole.

    Args:
        model: with its method.
        state: the checkpoint's weights.

    Raises:
        ValueError: naming the first weights that the checkpoint lacks or has in another shape.
    """
    if model.method.trains_old_heads:
        return
    given = weights_of(state)
    for task in model.old_tasks:
        own = {f"heads.{task}.{k}": v for k, v in model.heads[task].state_dict().items()}
        lost = misfits(own, given)
        if lost:
            raise ValueError(
                f"{type(model.method).__name__} leaves the head of {task!r} as it is, but the "
                f"checkpoint cannot fill {len(lost)} of its weights: keep model.heads.{task}, or "
                "use a method that distils (HAD, LwF); "
                + first_few(f"{key}: {why}" for key, why in lost.items())
            )
