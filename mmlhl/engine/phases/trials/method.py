"""A small trial of a user's own method: one step of each phase, and the phase's end."""

from __future__ import annotations

import copy
import inspect
import logging
import os.path as osp
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import MMLogger, print_log
from mmengine.runner import CheckpointLoader, Runner
from torch.utils.data import DataLoader

from ....checkpoints.weights import METHOD_KEY
from ....explaining import explained_error
from ....models.methods.base_method import BaseMethod
from ..handover import check_memory
from ..optimisation import wrappers_of
from ..phase_model import PhaseModel
from ..supply import Supply
from .images import TrialImages
from .step import trial_losses

#: errors that may be due to the few, small images of a trial
_OF_NUMBERS = (ArithmeticError, torch.linalg.LinAlgError)


class _NotHere(AttributeError):
    """A member of the runner that exists in training only."""


class TrialRunner:
    """Stand-in for a phase's runner, with what ``PhaseRunner`` promises, and a logger.

    Args:
        model: The phase's model.
        loader: Loader of a few training images.
        wrapper: The phase's optimiser.
        steps: Number of steps of the phase.
    """

    def __init__(self, model: PhaseModel, loader: DataLoader, wrapper: Any, steps: int) -> None:
        self.model, self.train_dataloader = model, loader
        self.optim_wrapper, self.max_iters = wrapper, steps
        self.logger = MMLogger.get_current_instance()

    def __getattr__(self, name: str) -> Any:
        text = f"runner.{name} is no member of mmengine's runner"
        members = {*dir(Runner), *re.findall(r"self\.(\w+)", inspect.getsource(Runner))}
        raise _NotHere(name) if name in members else AttributeError(text)


class MethodTrial:
    """Takes a user's own method through all phases before the first one is trained.

    Faults in ``end_phase``, and in what it hands over to the next phase, would otherwise appear
    after a phase was trained. Methods of this package are tried too if a head is the user's own.

    Args:
        before: File of the last finished phase's model, with what the method remembers; None if
            there is none. Without the file nothing is tried.
    """

    def __init__(self, before: str | None = None) -> None:
        self._before = before
        self._memory: tuple[type, Any] | None = None

    def try_phase(
        self, model: PhaseModel, teacher: Any, supply: Supply, wrapper: Any, steps: int
    ) -> None:
        """Begin a phase, take one step and end the phase, on copies; nothing is changed.

        Raises:
            ValueError: Naming the method and the function that fails.
        """
        parts = [model.method, *getattr(model.method, "methods", ())]
        if not _are_own(*parts, *(head for _, head in model.heads.items())):
            return
        if self._before is not None:
            if not osp.isfile(self._before):
                return
            self._memory, self._before = _stored_memory(self._before, type(model.method)), None
        remembered, self._memory = self._memory, None
        helped = model.old_tasks and model.method.needs_teacher
        found: list[tuple[str, Exception]] = []
        for images in (TrialImages(supply), TrialImages(supply, whole=True)):
            with _restored(model):
                stage = _Stage()
                try:
                    own = copy.deepcopy(model.method)
                    vars(model)["method"] = own
                    model.set_teacher(teacher if helped else None)
                    if remembered is not None and remembered[0] is type(own):
                        stage("load_state_dict", own.load_state_dict, copy.deepcopy(remembered[1]))
                    runner = TrialRunner(model, images.loader(), wrapper, steps)
                    _live(stage, model, runner, images.batch())
                    stage("state_dict", check_memory, own)
                    self._memory = type(own), copy.deepcopy(own.state_dict())
                    return
                except _NotHere as error:
                    print_log(
                        f"model.method ({type(model.method).__name__}) is not tried before "
                        f"training: its {stage.name} uses runner.{error}",
                        "current",
                    )
                    return
                except Exception as error:  # a method of one's own may raise anything
                    if not stage.name:  # not in the method
                        return
                    found.append((stage.name, error))
        self._refuse(model, *found[0])

    @staticmethod
    def _refuse(model: PhaseModel, stage: str, error: Exception) -> None:
        """Refuse the method, or warn of an error that may be due to the few images."""
        name = type(model.method).__name__
        text = f"model.method ({name}): {stage} fails on the first images: {explained_error(error)}"
        if isinstance(error, _OF_NUMBERS):
            print_log(f"{text}. It may not fail on more images", "current", logging.WARNING)
            return
        raise ValueError(f"{text}. If more images would help, set dry_run=False") from error


def _stored_memory(path: str, kind: type) -> tuple[type, Any] | None:
    """What a method of a class remembers by a checkpoint; None if that is of another class."""
    loaded = CheckpointLoader.load_checkpoint(path, "cpu", logger="silent")
    state = loaded.get(METHOD_KEY)
    if not isinstance(state, Mapping) or state.get("method") != kind.__name__:
        return None
    return kind, {key: value for key, value in state.items() if key not in ("method", "unfinished")}


class _Stage:
    """Calls functions of a method, and notes the name of the present one."""

    name = ""

    def __call__(self, name: str, function: Callable, *args: Any) -> Any:
        self.name = name
        out = function(*args)
        self.name = ""
        return out


def _live(stage: _Stage, model: PhaseModel, runner: TrialRunner, batch: Any) -> None:
    """Begin the phase, take a step and end it."""
    own = model.method
    stage("begin_phase", own.begin_phase, model, runner)
    model.train()
    data = model.data_preprocessor(batch, training=True)
    total, _ = stage("losses", trial_losses, model, data["inputs"], data["data_samples"])
    total.backward()
    if own.edits_gradients:
        stage("edit_gradients", own.edit_gradients, model)
    for each in wrappers_of(runner.optim_wrapper):
        each.optimizer.step()
    if own.edits_weights:
        stage("edit_weights", own.edit_weights, model)
    model.zero_grad(set_to_none=True)
    stage("end_phase", own.end_phase, model, runner)


def _are_own(*parts: Any) -> bool:
    """Whether one of the parts is of a class of the user's."""
    return any(type(part).__module__.partition(".")[0] != "mmlhl" for part in parts)


@contextmanager
def without_own_method(model: PhaseModel) -> Iterator[None]:
    """Let a user's own method do nothing in the context, as it has no memory of earlier phases."""
    method = model.method
    if _are_own(method, *getattr(method, "methods", ())):
        vars(model)["method"] = BaseMethod()
    try:
        yield
    finally:
        vars(model)["method"] = method
        model.train()


@contextmanager
def _restored(model: PhaseModel) -> Iterator[None]:
    """Put weights, modes, the method and the absent teacher back."""
    method = model.method
    before: Mapping[str, Any] = {k: v.detach().clone() for k, v in model.state_dict().items()}
    trained = {parameter: parameter.requires_grad for parameter in model.parameters()}
    try:
        yield
    finally:
        vars(model)["method"] = method
        model.set_teacher(None)
        for parameter, flag in trained.items():
            parameter.requires_grad_(flag)
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if name in before and value.shape == before[name].shape:
                    value.copy_(before[name])
        model.zero_grad(set_to_none=True)
        model.train()
