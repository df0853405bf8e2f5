"""Random numbers that depend on their purpose and not on earlier random numbers.

A training that is seeded like this at every step is the same with and without an interruption.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b

import numpy as np
import torch


def mixed_seed(*parts: object) -> int:
    """A seed below 2**63 for a purpose; other purposes get other seeds.

    Args:
        *parts: Numbers and strings that identify the purpose: a seed, a phase, a step.
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big") >> 1


@cache
def _has_accelerator() -> bool:
    """Whether torch can use anything but the CPU here."""
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        return True
    custom = getattr(torch._C, "_get_privateuse1_backend_name", str)()  # such as "npu"
    names = [name for name in ("xpu", custom) if name]
    return any(hasattr(torch, name) and getattr(torch, name).is_available() for name in names)


def draw_by(seed: int) -> None:
    """Seed Python, numpy and torch, on all devices."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if _has_accelerator():
        torch.manual_seed(seed)
    else:  # the call above takes 0.4 ms to queue the seed for missing devices
        torch.default_generator.manual_seed(seed)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore the random states of Python, numpy and torch at the end of the block.

    Those of GPUs are included if torch already uses them.
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
    """Seed Python, numpy and torch in the block, and restore their random states after it."""
    with undisturbed():
        draw_by(seed)
        yield


class DrawnIndex(int):
    """A dataset's index together with the seed of its random transforms."""

    draws: int

    def __new__(cls, index: int, draws: int) -> DrawnIndex:
        """Make the integer and attach the seed."""
        made = super().__new__(cls, index)
        made.draws = draws
        return made

    def __getnewargs__(self) -> tuple[int, int]:  # type: ignore[override]  # workers get it pickled
        return int(self), self.draws
