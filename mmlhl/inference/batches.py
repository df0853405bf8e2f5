"""Which images can share a batch, and the names of those that a model cannot take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from ..explaining import first_few
from .frame import Frame


def check_count(batch_size: object) -> None:
    """Check the number of images per batch.

    Raises:
        ValueError: If it is not a whole number above 0.
    """
    number = isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool)
    if not number or batch_size < 1:
        raise ValueError(f"batch_size must be a positive whole number, got {batch_size!r}")


def of_one_size(shapes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Group images by their size.

    Args:
        shapes: ``(C, H, W)`` of each image.

    Returns:
        Indices of the images of each size, in the order in which sizes first occur.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, shape in enumerate(shapes):
        groups.setdefault(shape, []).append(index)
    return list(groups.values())


@contextmanager
def naming(batch: Sequence[Frame]) -> Iterator[None]:
    """Name the images of a batch in the error of a model.

    Raises:
        ValueError: In place of an error of torch or mmlhl; a lack of memory stays as it is.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:
        names = first_few(frame.path or frame.name for frame in batch)
        raise ValueError(f"{names}: cannot be predicted: {error}") from error
