"""Stopping on request: SIGTERM and SIGUSR1 save a checkpoint and end the training."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

#: exit code of a training stopped on request with its state saved; EX_TEMPFAIL of sysexits.h
EXIT_CODE = 75
SIGNALS = (signal.SIGTERM, getattr(signal, "SIGUSR1", signal.SIGTERM))
#: seconds in which a further signal is the same request: a signal to a whole job reaches each
#: process, and again as the launcher passes it on
ONCE = 2.0
#: names the file in which ``tools/_torchrun.py`` finds that its processes were stopped
NOTE = "MMLHL_STOPPED_NOTE"


class Stopped(SystemExit):
    """Training was asked to stop, and can be resumed. Uncaught, it exits with 75.

    Args:
        message: What is saved, and how to continue.
    """

    def __init__(self, message: str) -> None:
        super().__init__(EXIT_CODE)
        self.message = message
        if os.environ.get(NOTE):
            with suppress(OSError), open(os.environ[NOTE], "a", encoding="utf-8") as file:
                file.write(f"{message}\n")

    def __str__(self) -> str:
        return self.message


class _Request:
    """The state of requests to this process."""

    signal: int | None = None
    since = 0.0
    listening = False


def requested() -> int | None:
    """The signal that asked this process to stop; None if none did."""
    return _Request.signal


def listening() -> bool:
    """Whether signals are handled as requests."""
    return _Request.listening


@contextmanager
def listen() -> Iterator[None]:
    """Handle signals as requests inside the context; a later second one ends the process at once.

    Has no effect outside the main thread, where Python cannot handle signals.

    Raises:
        Stopped: On a second signal, more than two seconds after the first.
    """
    if threading.current_thread() is not threading.main_thread() or _Request.listening:
        yield
        return
    owner = os.getpid()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a forked worker, which ends with its parent
            return
        if _Request.signal is None:
            _Request.signal, _Request.since = number, time.monotonic()
        elif time.monotonic() - _Request.since > ONCE:
            raise Stopped("asked to stop twice")

    _Request.signal, _Request.listening = None, True
    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        _Request.signal, _Request.listening = None, False
