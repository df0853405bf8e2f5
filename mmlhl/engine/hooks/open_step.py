"""A step that may be skipped: the state before it, its files, and what was not finite so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.runner import Runner

from ..learner import unwrap
from .buffer_copies import BufferCopies, OptimizerCopy
from .step_edits import optimizers


class OpenStep:
    """A step of the optimiser, of one batch or of those whose gradients accumulate.

    Args:
        undoable: Whether the state before the step is kept.
    """

    def __init__(self, undoable: bool) -> None:
        self.undoable = undoable
        self.begun = False
        self.taken = False  # by one of the optimisers
        self.files: list[str] = []
        self.spoilt: list[str] = []
        self._buffers = BufferCopies()
        self._optimizers: list[OptimizerCopy] = []

    def add(self, runner: Runner, data_batch: Mapping[str, Any] | None) -> None:
        """Note the files of a batch, and at the step's beginning the state that it may change."""
        if self.undoable and not self.begun:
            self._buffers.keep(unwrap(runner))
            found = optimizers(runner)
            # a single one moves no weight when it is skipped, but may count its steps
            self._optimizers = [OptimizerCopy(each, len(found) > 1) for each in found]
            call_method(runner, "mark_step")
        self.begun = True
        self.files += files_of(data_batch)

    def spoil(self, runner: Runner, bad: Sequence[str]) -> None:
        """Take out a batch that was not finite before others are added, and its gradients."""
        self.spoilt += bad
        self.undo(runner)
        for parameter in unwrap(runner).parameters():
            parameter.grad = None

    def undo(self, runner: Runner) -> None:
        """Restore the state before the step."""
        self._buffers.restore()
        for copy in self._optimizers:
            copy.restore()
        call_method(runner, "undo_step")

    def end(self) -> None:
        """Note that the step was taken or skipped."""
        self.begun, self.taken, self.files, self.spoilt = False, False, [], []

    def state(self) -> dict[str, Any]:
        """What a training that resumes within the step needs; empty between steps."""
        if not (self.undoable and self.begun):
            return {}
        copies = [copy.on_cpu() for copy in self._optimizers]
        named = self._buffers.named()
        return dict(spoilt=self.spoilt, files=self.files, buffers=named, optimizers=copies)

    def resume(self, runner: Runner, stored: Mapping[str, Any]) -> None:
        """Go on within a step. The method's own state holds what it noted before the step."""
        if self.undoable and stored:
            self._buffers.keep(unwrap(runner), stored["buffers"])
            pairs = zip(optimizers(runner), stored.get("optimizers", []), strict=False)
            self._optimizers = [OptimizerCopy(live, True, each) for live, each in pairs]
            self.begun = True
            self.files, self.spoilt = list(stored["files"]), list(stored["spoilt"])


def call_method(runner: Runner, name: str) -> None:
    """Call a function of the model's method, if there is one: stock models have no method."""
    function = getattr(getattr(unwrap(runner), "method", None), name, None)
    if function is not None:
        function()


def files_of(data_batch: Mapping[str, Any] | None) -> list[str]:
    """Image files of a batch, for messages."""
    samples = (data_batch or {}).get("data_samples") or []
    return [str(sample.metainfo.get("img_path", "an unnamed image")) for sample in samples]
