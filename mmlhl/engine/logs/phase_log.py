"""What the runner and the hooks of a phase see of the sequence's log."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, Protocol

from mmengine.dist import get_world_size
from mmengine.runner import LogProcessor, Runner

from ..phases.grammar import Phase
from .differences import phase_lines, training_facts
from .live import LiveProgress
from .log_lines import PhaseLogProcessor
from .moment import EVALUATES, VALIDATES, Plan, evaluating, moment, sequence_eta
from .shared_backend import SharedBackend


class OpenLog(Protocol):
    """What a phase uses of the log of its sequence.

    Attributes:
        plan: Phases and steps of the sequence.
        resumed: Whether it goes on in a log that was there.
        hooks: The list of hooks that was written last.
        live: The display in a terminal.
    """

    plan: Plan
    resumed: bool
    hooks: str | None
    live: LiveProgress

    @property
    def file(self) -> str:
        """The log."""

    def backends(self, visualizer: Any) -> dict[str, SharedBackend]:
        """The backends of a visualizer's config."""

    def place(self, index: int) -> None:
        """Have the backends count steps from the beginning of a phase."""

    def rewind(self, step: int) -> None:
        """Forget the steps that are going to be repeated."""

    def flush(self) -> None:
        """Have all event files written to disk."""


class PhaseLog:
    """The log of a sequence, in one of its phases.

    Args:
        sequence: The sequence's.
        phase: The phase.

    Attributes:
        phase: The phase.
        steps: How many steps the phase has taken, once it is trained.
        metrics: What was measured after it, by ``<task>/<metric>``.
    """

    def __init__(self, sequence: OpenLog, phase: Phase) -> None:
        self.phase = phase
        self.steps = 0
        self.metrics: dict[str, float] = {}
        self._sequence = sequence

    # -- for its runner --------------------------------------------------------------------
    @property
    def file(self) -> str:
        """The log."""
        return self._sequence.file

    @property
    def label(self) -> str:
        """What lines call the phase."""
        return self._sequence.plan.label(self.phase.index)

    @property
    def first(self) -> bool:
        """Whether it is the first phase that writes into this log."""
        return not self._sequence.resumed and self.phase.index == 0

    def backends(self, visualizer: Any) -> dict[str, SharedBackend]:
        """The sequence's backends, for the visualizer of the phase."""
        found = self._sequence.backends(visualizer)
        self._sequence.place(self.phase.index)
        return found

    def processor(self, inner: LogProcessor) -> PhaseLogProcessor:
        """A log processor whose lines say which phase they are of."""
        plan, index = self._sequence.plan, self.phase.index
        return PhaseLogProcessor(inner, self.label, lambda run: sequence_eta(plan, index, run))

    def hooks(self, text: str) -> str:
        """A runner's list of hooks, or a note that the phase before had the same."""
        before, self._sequence.hooks = self._sequence.hooks, text
        same = before == text or (before is None and self._sequence.resumed)
        return "as before" if same else text

    def calm(self, logger: logging.Logger) -> None:
        """Keep off the terminal what a live display shows."""
        self._sequence.live.calm(logger)

    def flush(self) -> None:
        """Have event files written to disk, before a checkpoint that a resume may go on from."""
        self._sequence.flush()

    # -- for its hook ------------------------------------------------------------------------
    def begin_training(self, runner: Runner, held: int) -> None:
        """The weights are loaded, the first step is next.

        Args:
            runner: Runner of the phase.
            held: Steps that hold already.
        """
        facts = training_facts(self.phase, runner, get_world_size())
        runner.logger.info(phase_lines(self.label, self.phase, facts))
        plan, index = self._sequence.plan, self.phase.index
        plan.steps[index] = runner.max_iters
        self._sequence.rewind(plan.offset(index) + held)

    def trained(self, runner: Runner) -> None:
        """The last step is done."""
        self.steps = runner.iter

    def measured(self, metrics: Mapping[str, Any]) -> None:
        """The phase was evaluated, on all tasks that it knows."""
        self.metrics = {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, Real)
            and math.isfinite(value)
            and name.partition("/")[0] in self.phase.seen
        }

    def took(self, seconds: float) -> None:
        """Note the seconds that the evaluation at the phase's end took."""
        self._sequence.plan.evaluation = seconds

    def show(self, runner: Runner) -> None:
        """Draw how far training is, if it is time to."""
        plan, index = self._sequence.plan, self.phase.index
        last = runner.iter + 1 >= runner.max_iters
        self._sequence.live.show(lambda: moment(plan, index, runner), last)

    def show_evaluation(self, runner: Runner, done: int, total: int, validates: bool) -> None:
        """Draw how far an evaluation is, if it is time to."""
        plan, index = self._sequence.plan, self.phase.index
        what = VALIDATES if validates else EVALUATES
        self._sequence.live.show(
            lambda: evaluating(plan, index, runner, done, total, what), done >= total
        )
