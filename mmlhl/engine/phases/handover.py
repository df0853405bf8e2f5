"""Checks that a phase and its method can continue from the previous phase."""

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
    """Stand-in for a phase's runner before it exists, see ``PhaseRunner``.

    Attributes:
        train_dataloader: Anything with one entry per batch of an epoch.
        optim_wrapper: The phase's optimiser, built for the phase's model.
        max_iters: Number of steps.
    """

    train_dataloader: Sized
    optim_wrapper: Any
    max_iters: int


def check_handover(
    model: PhaseModel, previous: Any, planned: PlannedPhase | None, adopted: bool = False
) -> None:
    """Check that a phase can continue from the previous one, before either is trained.

    Args:
        model: The phase's model.
        previous: The model of the previous phase, None for the first.
        planned: The phase's length and optimiser, None if its length is unknown.
        adopted: Whether the previous phase is a finished model, without a method's state.

    Raises:
        ValueError: If a frozen head of an old task has another shape, or the method refuses the
            phase.
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
    """Check that a checkpoint contains all weights of heads that are frozen in this phase.

    Raises:
        ValueError: Naming the first weights that are missing or have another shape.
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
    """Check that an interrupted phase resumes with the same model.

    Raises:
        ValueError: Naming the first weights that are missing or have another shape.
    """
    lost = misfits(model.state_dict(), weights_of(state))
    if lost:
        raise ValueError(
            f"an interrupted phase cannot go on with another model: {len(lost)} of its weights do "
            "not fit the checkpoint to resume from; undo the edit, or delete the phase's folder "
            "and it begins anew; " + first_few(f"{key}: {why}" for key, why in lost.items())
        )


def check_memory(method: BaseMethod) -> None:
    """Check what a method stored at a phase's end, before it is saved: NaN would end a later phase.

    Raises:
        ValueError: If the state cannot be read back, such as NaN in importances; names the entry.
    """
    state = method.state_dict()
    try:
        if state:
            method.load_state_dict(state)
    except ValueError as error:
        raise ValueError(
            f"{type(method).__name__}: what it measured at the phase's end cannot be used, so the "
            f"phase is not recorded: {error}; look for weights or images that overflow"
        ) from error


def check_one_optimizer(method: BaseMethod, count: int) -> None:
    """Check that there is one optimiser if the method edits steps.

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
