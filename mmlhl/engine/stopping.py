"""Stopping on request: SIGTERM and SIGUSR1 save a checkpoint and end the training."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: exit code of a training stopped on request with its state saved; EX_TEMPFAIL of sysexits.h
EXIT_CODE = 75
SIGNALS = (signal.SIGTERM, getattr(signal, "SIGUSR1", signal.SIGTERM))


class Stopped(SystemExit):
    """Training was asked to stop, and can be resumed. Uncaught, it exits with 75.

    Args:
        message: What is saved, and how to continue.
    """

    def __init__(self, message: str) -> None:
        super().__init__(EXIT_CODE)
        self.message = message

    def __str__(self) -> str:
        return self.message


class _Request:
    """The state of requests to this process."""

    signal: int | None = None
    listening = False


def requested() -> int | None:
    """The signal that asked this process to stop; None if none did."""
    return _Request.signal


def listening() -> bool:
    """Whether signals are handled as requests."""
    return _Request.listening


@contextmanager
def listen() -> Iterator[None]:
    """Handle signals as requests inside the context; a second one ends the process at once.

    Has no effect outside the main thread, where Python cannot handle signals.

    Raises:
        Stopped: On a second signal.
    """
    if threading.current_thread() is not threading.main_thread() or _Request.listening:
        yield
        return
    owner = os.getpid()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a forked worker, which ends with its parent
            return
        if _Request.signal is not None:
            raise Stopped("asked to stop twice")
        _Request.signal = number

    _Request.signal, _Request.listening = None, True
    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        _Request.signal, _Request.listening = None, False
