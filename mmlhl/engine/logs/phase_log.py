"""The interface of the sequence's log for the runner and the hooks of a phase."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from mmengine.dist import get_world_size
from mmengine.runner import LogProcessor, Runner

from ..phases.grammar import Phase
from .differences import phase_lines, training_facts
from .log_lines import PhaseLogProcessor
from .moment import EVALUATES, VALIDATES, evaluating, moment, sequence_eta
from .shared_backend import SharedBackend

if TYPE_CHECKING:
    from .sequence_log import SequenceLog


class PhaseLog:
    """The log of a sequence, in one of its phases.

    Attributes:
        phase: The phase.
        steps: Number of steps of the phase, once it is trained.
        metrics: Metrics after the phase, by ``<task>/<metric>``.
    """

    def __init__(self, sequence: SequenceLog, phase: Phase) -> None:
        self.phase = phase
        self.steps = 0
        self.metrics: dict[str, float] = {}
        self._sequence = sequence

    # -- for its runner --------------------------------------------------------------------
    @property
    def file(self) -> str:
        """Path of the log file."""
        return self._sequence.file

    @property
    def label(self) -> str:
        """Name of the phase in lines of the log."""
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
        """A log processor whose lines begin with the phase."""
        plan, index = self._sequence.plan, self.phase.index
        return PhaseLogProcessor(inner, self.label, lambda run: sequence_eta(plan, index, run))

    def hooks(self, text: str) -> str:
        """A runner's list of hooks, or "as before" if the previous phase had the same."""
        before, self._sequence.hooks = self._sequence.hooks, text
        same = before == text or (before is None and self._sequence.resumed)
        return "as before" if same else text

    def hide_replaced_lines(self, logger: logging.Logger) -> None:
        """Hide log lines that the live display replaces from the terminal."""
        self._sequence.live.hide_replaced_lines(logger)

    def flush(self) -> None:
        """Flush event files, before a checkpoint is written."""
        self._sequence.flush()

    # -- for its hook ------------------------------------------------------------------------
    def begin_training(self, runner: Runner, held: int) -> None:
        """Called before the first step, after the weights are loaded."""
        facts = training_facts(self.phase, runner, get_world_size())
        runner.logger.info(phase_lines(self.label, self.phase, facts))
        plan, index = self._sequence.plan, self.phase.index
        plan.steps[index] = runner.max_iters
        self._sequence.rewind(plan.offset(index) + held)

    def trained(self, runner: Runner) -> None:
        """Called after the last step."""
        self.steps = runner.iter

    def measured(self, metrics: Mapping[str, Any]) -> None:
        """Store the metrics of the evaluation after the phase."""
        self.metrics = {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, Real)
            and math.isfinite(value)
            and name.partition("/")[0] in self.phase.seen
        }

    def note_evaluation(self, seconds: float) -> None:
        """Note the duration of the evaluation at the phase's end in seconds."""
        self._sequence.plan.evaluation = seconds

    def show(self, runner: Runner) -> None:
        """Draw the progress of training, if the last drawing is long enough ago."""
        plan, index = self._sequence.plan, self.phase.index
        last = runner.iter + 1 >= runner.max_iters
        self._sequence.live.show(lambda: moment(plan, index, runner), last)

    def show_evaluation(self, runner: Runner, done: int, total: int, validates: bool) -> None:
        """Draw the progress of an evaluation, if the last drawing is long enough ago."""
        plan, index = self._sequence.plan, self.phase.index
        what = VALIDATES if validates else EVALUATES
        self._sequence.live.show(
            lambda: evaluating(plan, index, runner, done, total, what), done >= total
        )
