"""Child processes that end with their parent, even if that one is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait


def end_with_parent(interval: float = 1.0) -> threading.Thread:
    """Kill this process when its parent has ended.

    A parent killed by SIGKILL cannot end its children, so they have to watch it. Loaders' workers
    do so by themselves. In a process forked by a ``multiprocessing`` server, the parent is the
    process that asked the server for it.

    Args:
        interval: Seconds between two checks of the parent's process id; the end of a parent in
            ``multiprocessing`` is noticed at once.

    Returns:
        The watching thread.
    """
    number = os.getppid()
    parent = multiprocessing.parent_process()
    asked = [] if parent is None else [parent.sentinel]
    pause = threading.Event()  # never set

    def watch() -> None:
        while os.getppid() == number:
            # The sentinel alone is not enough: forked siblings keep it open.
            if asked and wait(asked, interval):
                break
            if not asked:
                pause.wait(interval)
        print("the process that started this one is gone: this one ends as well", file=sys.stderr)
        sys.stderr.flush()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    thread = threading.Thread(target=watch, name="end with parent", daemon=True)
    thread.start()
    return thread


def end_with_launcher() -> None:
    """Call :func:`end_with_parent` if torchrun started this process."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        end_with_parent()
