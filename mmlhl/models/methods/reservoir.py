"""Reservoir sampling: which items of a stream a buffer keeps."""

from __future__ import annotations

import random


def reservoir_slots(seen: int, count: int, size: int, seed: int = 0) -> list[int | None]:
    """Slots of a buffer that the next items of a stream take (Vitter's algorithm R).

    After n items each of them is in the buffer with probability ``size / n``. The draw for the
    n-th item depends only on the seed and n, so all ranks agree and a resumed run continues like
    an uninterrupted one.

    Args:
        seen: Number of items that have passed already.
        count: Number of new items.
        size: Number of slots of the buffer.
        seed: Seed of the draws.

    Returns:
        A slot for each item, None for those that are not kept.
    """
    slots: list[int | None] = []
    for n in range(seen, seen + count):
        slot = n if n < size else random.Random(f"{seed}/{n}").randrange(n + 1)
        slots.append(slot if slot < size else None)
    return slots
