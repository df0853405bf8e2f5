"""Disjoint parts of one list of images, for the protocol of lifelong learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config_values


def check_part(part: Any) -> tuple[int, int] | None:
    """Check ``part`` of a dataset.

    Args:
        part: None for all, or (index, parts).

    Returns:
        The same as whole numbers.

    Raises:
        ValueError: If there is no such part.
    """
    if part is None:
        return None
    if isinstance(part, str) or not isinstance(part, Sequence) or len(part) != 2:
        raise ValueError(f"part is {part!r}; it must be (index, parts) with 0 <= index < parts")
    index, parts = config_values.integers(part, "part")
    if not 0 <= index < parts:
        raise ValueError(
            f"part is {tuple(part)!r}; it must be (index, parts) with 0 <= index < parts"
        )
    return index, parts


def take_part(samples: list, part: tuple[int, int], seed: int) -> list:
    """One of several disjoint parts of equal size.

    Args:
        samples: All samples.
        part: Index and number of parts.
        seed: Seed of the permutation that is cut into parts, the same for every index.

    Returns:
        The samples of the part in their order.

    Raises:
        ValueError: If there are fewer samples than parts.
    """
    index, parts = part
    size = len(samples) // parts
    if size == 0:
        raise ValueError(
            f"part is {part}, but {len(samples)} images cannot be cut into {parts} parts"
        )
    # numpy guarantees RandomState's stream, so parts are the same in all versions
    order = np.random.RandomState(seed).permutation(len(samples))
    chosen = np.sort(order[index * size : (index + 1) * size])
    return [samples[i] for i in chosen]
