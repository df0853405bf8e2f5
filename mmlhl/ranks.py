"""What the processes of a distributed run agree on."""

from __future__ import annotations

from typing import TypeVar

from mmengine.dist import broadcast_object_list

Value = TypeVar("Value")


def from_first_rank(value: Value) -> Value:
    """Rank 0's value on every rank; the value itself where there is one process.

    Args:
        value: Whatever can be pickled: tensors on the CPU, numbers, strings, lists, dicts. Other
            ranks may give anything.
    """
    values = [value]
    broadcast_object_list(values)
    return values[0]
