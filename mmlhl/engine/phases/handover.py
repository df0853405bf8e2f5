"""Whether a phase and its method can go on from the phase before."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Any

from mmengine.optim import OptimWrapperDict
from torch import Tensor

from ...checkpoints import weights_of
from ...explaining import first_few
from ...models.methods import BaseMethod
from ...models.teachers import misfits
from .phase_model import PhaseModel


@dataclass(frozen=True)
class PlannedPhase:
    """What is known of a phase's runner before there is one.

    Attributes:
        train_dataloader: Has as many entries as there are batches per epoch.
        optim_wrapper: The phase's optimiser, built for the phase's model.
        max_iters: Number of steps.
    """

    train_dataloader: Sized
    optim_wrapper: Any
    max_iters: int


def check_handover(
    model: PhaseModel, previous: Any, planned: PlannedPhase | None, adopted: bool = False
) -> None:
    """Make sure that a phase can go on from the one before, before either is trained.

    Args:
        model: The phase's model.
        previous: The model of the phase before, None in the first.
        planned: The phase's length and optimiser, None if its length is not known.
        adopted: The phase before is a finished model, of which no method remembers anything.

    Raises:
        ValueError: If the head of an old task that learns nothing has another shape, or the method
            cannot be trained in this phase.
    """
    if previous is not None and not misfits(_encoder(model), _encoder(previous)):
        check_old_heads(model, previous.state_dict())
    if planned is None:
        return
    if isinstance(planned.optim_wrapper, OptimWrapperDict):
        check_one_optimizer(model.method, len(planned.optim_wrapper))
    remembers = previous is not None and not adopted and type(previous.method) is type(model.method)
    model.method.check_phase(model, planned, previous if remembers else None)


def check_old_heads(model: PhaseModel, state: Mapping[str, Tensor]) -> None:
    """A head that learns nothing in this phase has to come from the checkpoint as a whole.

    Args:
        model: With its method.
        state: The checkpoint's weights.

    Raises:
        ValueError: Naming the first weights that the checkpoint lacks or has in another shape.
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


def check_same_model(model: PhaseModel, state: Mapping[str, Tensor]) -> None:
    """An interrupted phase goes on with its own model: no weight may begin anew in its middle.

    Args:
        model: The phase's.
        state: The weights in the checkpoint that it goes on from.

    Raises:
        ValueError: Naming the first weights that the checkpoint lacks or has in another shape.
    """
    lost = misfits(model.state_dict(), weights_of(state))
    if lost:
        raise ValueError(
            f"an interrupted phase cannot go on with another model: {len(lost)} of its weights do "
            "not fit the checkpoint to resume from; undo the edit, or delete the phase's folder "
            "and it begins anew; " + first_few(f"{key}: {why}" for key, why in lost.items())
        )


def check_one_optimizer(method: BaseMethod, count: int) -> None:
    """A method that edits steps needs one optimiser for the whole model.

    Args:
        method: The phase's.
        count: Number of optimisers.

    Raises:
        ValueError: If there are several, or none.
    """
    if count != 1 and (method.edits_gradients or method.edits_weights):
        raise ValueError(
            f"{type(method).__name__} edits each step of the whole model, so optim_wrapper has to "
            f"hold one optimiser, not {count}"
        )


def _encoder(model: PhaseModel) -> dict[str, Tensor]:
    return {k: v for k, v in model.state_dict().items() if k.startswith(("backbone.", "neck."))}
