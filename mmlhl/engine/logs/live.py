"""A live display of a sequence in a terminal."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .moment import Moment, clock

#: greatest share of the time that drawing may take
SHARE = 0.005
#: lines of the log that the display replaces
_REPLACED = re.compile(
    r"(phase \d+/\d+ \S+  )?(Epoch|Iter)\(|\n?-{20}|Config:\n|Exp name: |Hooks will be executed|"
    r"Saving checkpoint|Checkpoints will be saved|Loads? checkpoint|Distributed training is not"
)


def render(now: Moment) -> RenderableType:
    """Draw bars of the phase and of the sequence, and the losses, one line per task."""
    bars = Table.grid(padding=(0, 1))
    rows = [(now.label, now.done, now.total, now.eta, now.doing)]
    rows.append(("sequence", now.sequence_done, now.sequence_total, now.eta_sequence, ""))
    for name, done, total, eta, more in rows:
        bars.add_row(
            Text(name, style="bold"),
            ProgressBar(total=max(total, 1), completed=min(done, total), width=24),
            Text(f"{done}/{total}"),
            Text("" if eta is None else f"eta {clock(eta)}", style="cyan"),
            Text(more, style="dim"),
        )
    tasks: dict[str, list[str]] = {}
    for name, value in now.losses.items():
        task, _, loss = name.rpartition(".")
        tasks.setdefault(task or "total", []).append(f"{loss} {value:.4f}")
    losses = Table.grid(padding=(0, 1))
    for task, values in tasks.items():
        losses.add_row(Text(task, style="bold"), Text("  ".join(values)))
    return Group(bars, losses) if tasks else bars


class LiveProgress:
    """Draws the progress in a terminal below the printed lines; does nothing without a terminal.

    It draws only when called, without a thread, since loading workers are forked while it runs. The
    cursor stays visible, so that a killed process leaves a usable terminal.

    Args:
        interval: Seconds between two drawings; longer if they take more than ``SHARE`` of it.
        console: The console; standard output if None.
    """

    #: the display that is active in this process
    _running: LiveProgress | None = None

    def __init__(self, interval: float = 1.0, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout)
        self.interval = interval
        self._next = 0.0
        self._live: Live | None = None

    @property
    def started(self) -> bool:
        """Whether the display is active."""
        return self._live is not None

    def start(self) -> None:
        """Start the display if there is a terminal; printed lines then appear above it."""
        if self.started or not self.console.is_terminal or self.console.is_dumb_terminal:
            return
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._live.start()
        self.console.show_cursor(True)
        LiveProgress._running = self

    def show(self, now: Callable[[], Moment], last: bool = False) -> None:
        """Draw the progress, if the last drawing is long enough ago.

        Args:
            now: Returns the progress; only called if it is drawn.
            last: Whether to draw in any case, as the drawing will stay for a while.
        """
        began = time.monotonic()
        if self._live is None or (began < self._next and not last):
            return
        self._live.update(render(now()), refresh=True)
        ended = time.monotonic()
        self._next = ended + max(self.interval, (ended - began) / SHARE)

    def stop(self) -> None:
        """Remove the display."""
        live, self._live = self._live, None
        if live is not None:
            LiveProgress._running = None
            live.stop()

    def hide_replaced_lines(self, logger: logging.Logger) -> None:
        """Hide log lines that the display replaces from the terminal; files keep all lines."""
        if not self.started:
            return
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:
                handler.setStream(sys.stdout)
                handler.addFilter(is_for_terminal)


@contextmanager
def display_paused() -> Iterator[None]:
    """Hide the live display while something else draws in the terminal."""
    running = LiveProgress._running
    if running is not None:
        running.stop()
    try:
        yield
    finally:
        if running is not None:
            running.start()


def is_for_terminal(record: logging.LogRecord) -> bool:
    """Whether a line of the log is printed above a live display."""
    if record.levelno > logging.INFO:
        return True
    return not _REPLACED.match(record.getMessage())
