"""Log lines with the phase, and with the remaining time of the sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.runner import LogProcessor, Runner

from .moment import clock


class PhaseLogProcessor:
    """A log processor whose lines begin with the phase and have the ETA of the sequence.

    Args:
        inner: The processor of the config.
        label: The phase and the number of phases, in words.
        eta: Returns the seconds until the sequence is done, None if unknown.
    """

    def __init__(
        self, inner: LogProcessor, label: str, eta: Callable[[Runner], float | None]
    ) -> None:
        self.inner = inner
        self.label = label
        self._eta = eta

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # not set yet while unpickling
            raise AttributeError(name)
        return getattr(self.inner, name)

    def get_log_after_iter(self, runner: Runner, batch_idx: int, mode: str) -> tuple[dict, str]:
        """As in mmengine, with the phase and the ETA of the sequence."""
        tag, text = self.inner.get_log_after_iter(runner, batch_idx, mode)
        if mode == "train":
            text = with_sequence_eta(text, self._eta(runner))
        return tag, f"{self.label}  {text}"

    def get_log_after_epoch(
        self, runner: Runner, batch_idx: int, mode: str, with_non_scalar: bool = False
    ) -> tuple[dict, str]:
        """As in mmengine, with the phase."""
        tag, text = self.inner.get_log_after_epoch(runner, batch_idx, mode, with_non_scalar)
        return tag, f"{self.label}  {text}"


def with_sequence_eta(line: str, seconds: float | None) -> str:
    """A line with ``eta_sequence`` after its ``eta``, or at its end.

    Args:
        line: A line of mmengine, whose parts are two spaces apart.
        seconds: Seconds until the sequence is done; None leaves the line unchanged.
    """
    if seconds is None:
        return line
    new = f"eta_sequence: {clock(seconds)}"
    head, mark, tail = line.partition("eta: ")
    if not mark:
        return f"{line.rstrip()}  {new}"
    value, gap, rest = tail.partition("  ")
    return f"{head}{mark}{value}  {new}{gap}{rest}"
