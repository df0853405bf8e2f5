"""The system's random numbers, from a seed while a transform is tried.

``os.urandom`` serves ``random.SystemRandom``, ``secrets``, ``uuid`` and numpy's generators without
a seed. No seed repeats what it gives.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

_PLACES = ((os, "urandom"), (random, "_urandom"))
_SEED_BYTES = 4


@contextmanager
def system_draws(
    seed: int, first: Literal["any", "least", "greatest"] = "any"
) -> Iterator[list[int]]:
    """Let the system's random numbers come from a seed within the block.

    Args:
        seed: The seed.
        first: What the first number is: drawn like the others; ``'least'``, of which a share of 1
            is close to 0, and which a generator of numpy without a seed takes for ``seed``; or
            ``'greatest'``, of which it is close to 1.

    Yields:
        The lengths of what was drawn, in bytes.
    """
    drawn: list[int] = []
    draws = random.Random(seed)

    def urandom(size: int, /) -> bytes:
        drawn.append(size)
        # the others at random, since some functions draw until a number is small enough
        if len(drawn) > 1 or first == "any":
            return draws.randbytes(size)
        if first == "greatest":
            return b"\xff" * size
        return (seed if size >= _SEED_BYTES else 0).to_bytes(size, "big")

    # random keeps what it took from os when it was imported
    places = [(place, name) for place, name in _PLACES if hasattr(place, name)]
    before = [getattr(place, name) for place, name in places]
    try:
        for place, name in places:
            setattr(place, name, urandom)
        yield drawn
    finally:
        for (place, name), function in zip(places, before, strict=True):
            setattr(place, name, function)
