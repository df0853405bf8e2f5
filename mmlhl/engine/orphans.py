"""Child processes that end with their parent, even if that one is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait


def end_with_parent(interval: float = 1.0) -> threading.Thread:
    """Kill this process once the one that started it is gone.

    Whoever is killed by SIGKILL cannot end its children: they have to watch. Loaders' workers do
    so by themselves. In a process that a server of ``multiprocessing`` has forked, the parent is
    the process that asked the server.

    Args:
        interval: Seconds between two looks at the parent's number; the end of a parent in
            ``multiprocessing`` is noticed at once.

    Returns:
        The thread that watches.
    """
    number = os.getppid()
    parent = multiprocessing.parent_process()
    asked = [] if parent is None else [parent.sentinel]
    pause = threading.Event()  # never set

    def watch() -> None:
        while os.getppid() == number:
            # A sentinel alone would not do: forked siblings keep it open.
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
    """:func:`end_with_parent`, if that is torchrun; of any other parent nothing is known."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        end_with_parent()
