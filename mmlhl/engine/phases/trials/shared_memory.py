"""Shared memory of loading processes, in which a container often has 64 MiB only."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.structures import BaseDataElement
from torch import Tensor

#: where Linux keeps shared memory
SHARED = "/dev/shm"
#: batches that torch loads ahead in each process
AHEAD = 2
MIB = 2**20


def warn_of_shared_memory(loader: Mapping[str, Any], sample: Any, place: str) -> None:
    """Warn if the batches that loading processes load ahead do not fit into the shared memory.

    torch would then wait for a batch for ever, or end with a bus error.
    """
    workers = loader.get("num_workers") or 0
    if not workers or not os.path.isdir(SHARED):
        return
    batches = workers * (loader.get("prefetch_factor") or AHEAD)
    batches *= int(os.environ.get("LOCAL_WORLD_SIZE") or 1)
    needed = batches * (loader.get("batch_size") or 1) * _bytes(sample)
    free = shutil.disk_usage(SHARED).free
    if needed > free:
        print_log(
            f"{place}: num_workers={workers} loads {batches} batches ahead, {needed / MIB:.1f} MiB "
            f"or more, and {SHARED} has {free / MIB:.1f} MiB free: loading may stand still or end "
            "with a bus error. Start the container with more (docker run --shm-size=8g), or take a "
            "lower num_workers or prefetch_factor",
            "current",
            logging.WARNING,
        )


def _bytes(value: Any) -> int:
    """Bytes of all tensors in a sample."""
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, (Mapping, BaseDataElement)):
        return sum(map(_bytes, value.values()))
    return sum(map(_bytes, value)) if isinstance(value, (list, tuple)) else 0
