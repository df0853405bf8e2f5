"""Values that all processes of a distributed run share."""

from __future__ import annotations

from typing import TypeVar

from mmengine.dist import broadcast_object_list

Value = TypeVar("Value")


def from_first_rank(value: Value) -> Value:
    """Broadcast rank 0's value; with a single process, return the value.

    Args:
        value: Anything that can be pickled: tensors on the CPU, numbers, strings, lists, dicts.
            The values of other ranks are not used.
    """
    values = [value]
    broadcast_object_list(values)
    return values[0]
