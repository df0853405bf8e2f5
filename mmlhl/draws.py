"""Random draws that depend on their purpose, and not on earlier draws.

Training that is seeded so at every step is the same with and without an interruption.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch


def mixed_seed(*parts: object) -> int:
    """A seed below 2**63 for a purpose; any other purpose has another one.

    Args:
        *parts: Numbers and strings that name the purpose: a seed, a phase, a step.
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big") >> 1


def draw_by(seed: int) -> None:
    """Python, numpy and torch, on all devices, draw by ``seed`` from here on."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Python, numpy and torch go on afterwards as if nothing had been drawn inside.

    That holds for GPUs, too, where torch has begun to use them.
    """
    python, array = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(array)


@contextmanager
def drawn_by(seed: int) -> Iterator[None]:
    """Python, numpy and torch draw by ``seed`` inside, and go on as before outside."""
    with undisturbed():
        draw_by(seed)
        yield


class DrawnIndex(int):
    """A dataset's index that carries the seed which its random transforms draw by.

    Args:
        index: The index.
        draws: The seed.
    """

    draws: int

    def __new__(cls, index: int, draws: int) -> DrawnIndex:
        """Make a number that knows its seed."""
        made = super().__new__(cls, index)
        made.draws = draws
        return made

    def __getnewargs__(self) -> tuple[int, int]:  # type: ignore[override]  # workers get it pickled
        return int(self), self.draws
