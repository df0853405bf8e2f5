"""The error after loading processes have ended, such as by the kernel for lack of memory."""

from __future__ import annotations

import re
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.runner import BaseLoop

#: what torch says of workers that have ended or stand still
_LOST = re.compile(r"DataLoader (worker \(pid(\(s\))? [^.]*|timed out after [\d.]+ seconds)")
_GONE = " has exited"
_MEMORY = (
    "Mostly the kernel has killed it for lack of memory: lower {0}.num_workers, "
    "{0}.prefetch_factor or {0}.batch_size"
)
_SHARED = "The shared memory (/dev/shm) is full: raise its size, or lower {0}.num_workers"
#: by a part of torch's message
_ADVICE = {
    "timed out": "Raise {0}.timeout, or look for files that are read slowly",
    "Bus error": _SHARED,
    "Killed": _MEMORY,
    "(s)": _MEMORY,  # the signal is unknown
    _GONE: _MEMORY,
    "": "With {0}.num_workers=0 the error is raised where it occurs",
}
_LOADERS = dict(train="train_dataloader", val="val_dataloader", test="test_dataloader")


class LostWorkers(RuntimeError):
    """Loading processes have ended or stand still; the message says when, and what would do."""


@contextmanager
def naming_lost_workers(runner: Any) -> Iterator[None]:
    """Name phase, iteration and loader in the error of loading processes that have ended.

    Raises:
        LostWorkers: In place of torch's error, from a signal that may interrupt any line.
    """
    try:
        yield
    except (RuntimeError, OSError, EOFError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        _hear_no_more()
        loader, trains = _loader(runner, error), isinstance(_loop(runner, "train"), BaseLoop)
        where = f"{runner.experiment_name}, iteration {runner.iter + 1}, " if trains else ""
        advice = next(advice for part, advice in _ADVICE.items() if part in reason)
        raise LostWorkers(
            f"{where}{loader}: {reason}. {advice.format(loader)}"
            + (". The same command goes on with --resume" if trains else "")
        ) from error


def _reason(error: Exception) -> str | None:
    """The first sentence of torch's error if it is about loading processes, else None."""
    if isinstance(error, RuntimeError):
        found = _LOST.match(str(error))
        return found and found[0].strip()
    # their batches in the queue can no longer be fetched from them
    calls = {frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)}
    gone = isinstance(error, (ConnectionError, EOFError, FileNotFoundError))
    return f"a DataLoader worker{_GONE}" if gone and {"_try_get_data"} <= calls else None


def _hear_no_more() -> None:
    """Let the end of further workers interrupt nothing: torch raises an error at any line."""
    if hasattr(signal, "SIGCHLD") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _loop(runner: Any, key: str) -> Any:
    return getattr(runner, f"_{key}_loop", None)


def _loader(runner: Any, error: BaseException) -> str:
    """The key of the loader of the innermost loop that was running."""
    found = (
        "train_dataloader" if isinstance(_loop(runner, "train"), BaseLoop) else "test_dataloader"
    )
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner = frame.f_locals.get("self")
        if isinstance(owner, BaseLoop):
            found = next((name for k, name in _LOADERS.items() if _loop(runner, k) is owner), found)
    return found
