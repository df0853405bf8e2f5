"""Several methods as one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor, nn

from .base_method import BaseMethod
from .distillation import DistillationMethod
from .naive import Naive
from .protocols import Learner, PhaseRunner
from .replay import ReplayMethod
from .step import Step
from .stored_state import entry

#: kinds of which a composite may contain only one, and what two of them would both do
ONE_OF = {
    DistillationMethod: "pull to the teacher's pseudo labels",
    ReplayMethod: "keep images in their own buffer",
}


def _of_any(flag: str) -> Any:
    """A property of a composite: whether one of its methods has a flag."""
    return property(lambda self: any(getattr(method, flag) for method in self.methods))


@MODELS.register_module()
class Composite(BaseMethod):
    """Several methods at once: losses are added, step edits chained, each keeps its own state.

    It may contain one method that distils (LwF, HAD ...), one that replays (DER, DERpp; ICaRL is
    both), and any number of EWC, SPG, SGP and your own methods. There is one teacher, whose encoder
    runs once. Steps are edited in the order of the list, by L2SP first, since weight decay is part
    of the step; PhaseAverage is the first to end a phase, so that others measure the averaged
    weights. Old heads are trained if any of the methods trains them. The strengths should be
    searched together, since distillation and projection of the step interfere.

    Args:
        methods: Configs of the methods, at least two.

    Raises:
        ValueError: If that is not a list of methods, or they cannot go together: the same method
            twice, two that distil, two that replay, ``Naive``, or a composite in a composite.
    """

    def __init__(self, methods: Sequence[dict]) -> None:
        listed = isinstance(methods, (list, tuple)) and all(isinstance(m, dict) for m in methods)
        if not listed or len(methods) < 2:
            raise ValueError(f"Composite: methods must list at least two configs, got {methods!r}")
        self.methods: list[BaseMethod] = []
        for index, config in enumerate(methods):
            method = MODELS.build(config)
            if not isinstance(method, BaseMethod):
                raise ValueError(
                    f"Composite: methods[{index}] builds a {type(method).__name__}, no method"
                )
            self.methods.append(method)
        self._check()

    @property
    def names(self) -> list[str]:
        """The methods' names, in their order."""
        return [type(method).__name__ for method in self.methods]

    def _named(self) -> list[tuple[str, BaseMethod]]:
        return list(zip(self.names, self.methods, strict=True))

    def _check(self) -> None:
        for name, method in self._named():
            if isinstance(method, Composite):
                raise ValueError("Composite: write a composite's methods into the outer list")
            if type(method) is Naive:
                raise ValueError("Composite: Naive keeps nothing and adds nothing; leave it out")
            if self.names.count(name) > 1:
                raise ValueError(f"Composite: {name} is listed twice in {self.names}")
        for kind, what in ONE_OF.items():
            found = [name for name, m in self._named() if isinstance(m, kind)]
            if len(found) > 1:
                raise ValueError(
                    f"Composite: {' and '.join(found)} cannot go together, as they both {what}: "
                    "keep one and set its strength"
                )
        taught = {name: m.teachers for name, m in self._named() if m.needs_teacher}
        if len(set(taught.values())) > 1:
            raise ValueError(f"Composite: there is one choice of teachers for all, not {taught}")
        inside = [name for name, m in self._named() if m.needs_teacher_maps]
        if inside and self.teachers != "last":
            raise ValueError(
                f"Composite: {inside[0]} compares maps of one teacher inside the network; leave "
                f"out teachers={self.teachers!r}"
            )

    # -- requirements, read by the engine --------------------------------------------------------
    needs_teacher = _of_any("needs_teacher")
    needs_teacher_predictions = _of_any("needs_teacher_predictions")
    needs_teacher_maps = _of_any("needs_teacher_maps")
    trains_old_heads = _of_any("trains_old_heads")
    needs_same_encoder = _of_any("needs_same_encoder")
    edits_gradients = _of_any("edits_gradients")
    edits_weights = _of_any("edits_weights")

    @property
    def needs_teacher_labels(self) -> bool:  # type: ignore[override]
        """Whether one of those with a teacher does."""
        return any(method.needs_teacher_labels for method in self.methods if method.needs_teacher)

    @property
    def teachers(self) -> str:  # type: ignore[override]
        """Which models teach, the same for all."""
        return next((method.teachers for method in self.methods if method.needs_teacher), "last")

    @property
    def takes_stored_labels(self) -> bool:  # type: ignore[override]
        """Whether all that need a teacher can use stored labels."""
        return all(method.takes_stored_labels for method in self.methods if method.needs_teacher)

    @property
    def exemplars(self) -> int:
        """Number of stored images."""
        return sum(method.exemplars for method in self.methods)

    def build_modules(self, model: Learner) -> nn.Module | None:
        """Modules that one of the methods trains beside the model, or None.

        Raises:
            ValueError: If several methods have modules: ``model.distillers`` holds one.
        """
        built = {name: m.build_modules(model) for name, m in self._named()}
        found = {name: module for name, module in built.items() if module is not None}
        if len(found) > 1:
            raise ValueError(
                f"Composite: {' and '.join(found)} cannot go together, as they both train modules "
                "of their own (model.distillers)"
            )
        return next(iter(found.values()), None)

    # -- a phase -------------------------------------------------------------------------------
    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check the phase by each method."""
        before = getattr(getattr(previous, "method", None), "names", [])
        for name, method in self._named():
            method.check_phase(model, runner, previous if name in before else None)

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Begin the phase for each method."""
        for method in self.methods:
            method.begin_phase(model, runner)

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """The losses of all methods.

        Raises:
            ValueError: If two methods return a loss of the same name.
        """
        losses: dict[str, Tensor] = {}
        for name, method in self._named():
            found = method.losses(model, step)
            twice = sorted(losses.keys() & found.keys())
            if twice:
                raise ValueError(f"Composite: {name} gives {twice}, which exists already")
            losses.update(found)
        return losses

    def _first(self, flag: str) -> list[BaseMethod]:
        """The methods, those with a flag first; otherwise in the order of the list."""
        return sorted(self.methods, key=lambda method: not getattr(method, flag))

    def edit_gradients(self, model: Learner) -> None:
        """Apply the methods' edits, those that complete the optimiser's step first."""
        for method in self._first("completes_step"):
            method.edit_gradients(model)

    def edit_weights(self, model: Learner) -> None:
        """Apply the methods' edits, those that complete the optimiser's step first."""
        for method in self._first("completes_step"):
            method.edit_weights(model)

    def mark_step(self) -> None:
        """Let each method note what the step is about to change."""
        for method in self.methods:
            method.mark_step()

    def undo_step(self) -> None:
        """Let each method undo a skipped step."""
        for method in self.methods:
            method.undo_step()

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """End the phase for each method, first for those that change the weights."""
        for method in self._first("settles_weights"):
            method.end_phase(model, runner)

    def forget_phase(self) -> None:
        """Drop what each method keeps for one phase."""
        for method in self.methods:
            method.forget_phase()

    # -- state ---------------------------------------------------------------------------------
    def state_dict(self) -> dict:
        """The states by name of the method."""
        states = {name: method.state_dict() for name, method in self._named()}
        states = {name: state for name, state in states.items() if state}
        return dict(methods=states) if states else {}

    def load_state_dict(self, state: dict) -> None:
        """Restore :meth:`state_dict`; warns about states that no method here can use.

        Raises:
            ValueError: If a state is damaged; names the method.
        """
        states = entry(state, "methods") if state else {}
        if not isinstance(states, Mapping):
            raise ValueError(f"methods is a {type(states).__name__}, it must be a dict")
        states = dict(states)
        for name, method in self._named():
            if name in states:
                try:
                    method.load_state_dict(states.pop(name))
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
        if states:
            print_log(
                f"the checkpoint has what {list(states)} remember, of which none of {self.names} "
                "can make use: left out",
                "current",
                logging.WARNING,
            )
