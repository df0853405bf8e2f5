"""Timing on a shared machine: functions take turns, and are compared by ratios within a turn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from ...files import write_text


@dataclass(frozen=True)
class Turns:
    """Times of functions that were run in turn.

    Attributes:
        seconds: Seconds by name, one value per round.
    """

    seconds: dict[str, list[float]]

    def ratio(self, name: str, base: str) -> float:
        """Median over the rounds of a function's time as a multiple of another's."""
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        return median(one / other for one, other in pairs)

    def spread(self, name: str, base: str) -> float:
        """Half of the distance between the quartiles of these ratios."""
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        ratios = sorted(one / other for one, other in pairs)
        quarter = len(ratios) // 4
        return (ratios[-1 - quarter] - ratios[quarter]) / 2

    def __add__(self, later: Turns) -> Turns:
        """The rounds of both."""
        return Turns({name: one + later.seconds[name] for name, one in self.seconds.items()})

    def least(self, name: str) -> float:
        """Least seconds of a function, since other load on the machine can only add to it."""
        return min(self.seconds[name])


def take_turns(functions: Mapping[str, Callable[[], object]], rounds: int, warm: int = 1) -> Turns:
    """Run functions in turn and time each.

    On a CPU, this measures the process's CPU time, which depends little on other processes; on a
    GPU, wall time with synchronisation.

    Args:
        functions: Functions by name.
        rounds: Number of timed rounds.
        warm: Number of rounds before, which are not timed.
    """
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(warm + rounds):
        for name, function in functions.items():
            if on_gpu:
                torch.cuda.synchronize()
            start = time.perf_counter() if on_gpu else time.process_time()
            function()
            if on_gpu:
                torch.cuda.synchronize()
            taken = (time.perf_counter() if on_gpu else time.process_time()) - start
            if number >= warm:
                seconds[name].append(taken)
    return Turns(seconds)


def read_turns(path: Path) -> dict[str, Turns]:
    """Read the file of :func:`add_turns`: turns by name of the measurement."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {key: Turns(seconds) for key, seconds in stored["turns"].items()}


def add_turns(path: Path | None, found: Mapping[str, Turns], network: str) -> dict[str, Turns]:
    """Add turns to those of earlier calls, so that a long measurement can be made in parts.

    Args:
        path: File of the earlier turns, overwritten; None for no file.
        found: Turns by name of the measurement.
        network: Description of the network; earlier turns of another one are dropped.

    Returns:
        All turns, in the order in which they were first measured.
    """
    if path is None:
        return dict(found)
    known: dict[str, Turns] = {}
    if path.is_file():
        known = read_turns(path) if json.loads(path.read_text())["network"] == network else {}
    for key, turns in found.items():
        known[key] = known[key] + turns if key in known else turns
    plain = dict(network=network, turns={key: turns.seconds for key, turns in known.items()})
    write_text(path, json.dumps(plain) + "\n")
    return known
