"""Finding the process of a distributed run that hangs while the others wait for it."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.distributed import PrefixStore, Store, get_rank, is_initialized

_TORCH = os.path.dirname(torch.__file__)
_running: list[Heartbeats] = []
#: what gloo, NCCL and the store say when the other end of a connection is gone
_LOST = re.compile(
    r"connection (was likely )?(closed|reset)|broken pipe|socket closed|remote process exited",
    re.IGNORECASE,
)


class StalledRank(RuntimeError):
    """A collective operation ran into its timeout; the message names the rank that is behind."""


class LostRank(RuntimeError):
    """Another process of the run has ended, and this one cannot go on without it."""


class Heartbeats:
    """Publishes this process's position, and names the rank that is behind.

    A thread writes this process's position into the shared store. If it has not changed for 0.8 of
    the timeout, the thread reports which rank is behind. Afterwards the waiting operation times
    out, and :func:`naming_stalled_ranks` names the rank in its error.

    Args:
        store: Store of the process group.
        rank: Rank of this process.
        ranks: Number of processes.
        timeout: Timeout of the process group in seconds.
        report: Called with the text of the report.
    """

    def __init__(
        self, store: Store, rank: int, ranks: int, timeout: float, report: Callable[[str], None]
    ) -> None:
        self._store = PrefixStore("mmlhl_heartbeats", store)
        self.rank, self.ranks, self.timeout, self._report = rank, ranks, timeout, report
        self._interval = min(max(timeout / 20, 0.1), 2.0)
        self._main = threading.main_thread().ident
        self._stopped = threading.Event()
        self._beat: tuple[tuple[int, ...], str, float] = ((), "has not begun", time.monotonic())
        self._number = 0
        self._thread = threading.Thread(target=self._watch, name="heartbeats", daemon=True)

    def beat(self, position: tuple[int, ...], text: str) -> None:
        """Set this process's position; cheap, as the thread writes it into the store."""
        self._beat = (position, text, time.monotonic())

    def start(self) -> None:
        """Start the thread."""
        _running.append(self)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        if self in _running:
            _running.remove(self)

    def describe(self) -> str:
        """Describe which rank is behind and where each process is; takes several intervals."""
        try:
            before = self._read()
            time.sleep(5 * self._interval)
            now = self._read()
        except (RuntimeError, ValueError) as error:  # the store is in rank 0's process
            return f"rank 0 does not answer ({error})"
        silent = [r for r in now if now[r] is None or now[r] == before[r]]
        answers = {r: post for r, post in now.items() if post is not None}
        first: list[int] = min((post["position"] for post in answers.values()), default=[])
        behind = [r for r, post in answers.items() if post["position"] == first]
        if silent:
            who = f"{_named(silent)} does not answer"
        elif len(behind) < self.ranks:
            who = f"{_named(behind)} hangs, the others wait for it"
        else:
            who = "no rank moves, all are at the same point"
        lines = [
            f"rank {r}: {post['text']}, for {post['still']:.0f} s{post['where']}"
            for r, post in answers.items()
        ]
        return "; ".join([who, *lines])

    def _watch(self) -> None:
        reported = None
        while not self._stopped.wait(self._interval):
            beat = self._beat  # read once: the main thread may move meanwhile
            position, text, since = beat
            still = time.monotonic() - since
            self._number += 1
            where = self._where() if still > self.timeout / 2 else ""
            post = dict(position=position, text=text, still=still, where=where, n=self._number)
            try:
                self._store.set(str(self.rank), json.dumps(post))
            except RuntimeError:  # rank 0 has ended, and the store with it
                return
            if still > 0.8 * self.timeout and reported != beat:
                reported = beat
                threading.Thread(target=lambda: self._report(self.describe()), daemon=True).start()

    def _read(self) -> dict[int, Any]:
        keys = {rank: str(rank) for rank in range(self.ranks)}
        return {
            rank: json.loads(self._store.get(key)) if self._store.check([key]) else None
            for rank, key in keys.items()
        }

    def _where(self) -> str:
        """The main thread's innermost line of code outside of torch."""
        frame = sys._current_frames().get(self._main or 0)
        for entry in reversed(traceback.extract_stack(frame)):
            if not entry.filename.startswith((_TORCH, "<")):
                return f", in {entry.name} ({entry.filename}:{entry.lineno})"
        return ""


@contextmanager
def naming_stalled_ranks() -> Iterator[None]:
    """Put the error of a collective operation in words: which rank is behind, or that one is gone.

    Raises:
        StalledRank: In place of the backend's error after a timeout.
        LostRank: In place of the backend's error if another process has ended.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, (StalledRank, LostRank)):
            raise
        if _LOST.search(str(error)) and is_initialized():
            raise LostRank(
                f"rank {get_rank()} has lost its connection to another process, which has ended. "
                "What that one wrote says why; if it wrote nothing it was killed, for example for "
                "want of memory. The same command with --resume goes on from the last checkpoint"
            ) from error
        timed_out = re.search(r"time[d ]*\s*out", str(error), re.IGNORECASE)
        if not timed_out or not _running:
            raise
        beats = _running[-1]
        raise StalledRank(
            f"rank {beats.rank} waited for more than {beats.timeout:g} s "
            f"(env_cfg.dist_cfg.timeout): {beats.describe()}"
        ) from error


def _named(ranks: list[int]) -> str:
    return " and ".join(f"rank {rank}" for rank in ranks)
