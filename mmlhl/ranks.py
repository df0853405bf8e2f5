"""Values that all processes of a distributed run share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from mmengine.dist import all_gather_object, broadcast_object_list

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


@contextmanager
def raised_by_all(*caught: type[BaseException]) -> Iterator[None]:
    """Raise an error of the block in all processes, which would wait for the one that has it.

    Args:
        *caught: Kinds of errors; any exception if none is given.

    Raises:
        BaseException: The process's own error. A process without one raises that of the first
            process that has one, as a ``ValueError`` unless its kind itself is listed.
    """
    problem: BaseException | None = None
    kinds = caught or (Exception,)
    try:
        yield
    except kinds as error:
        problem = error
    text = getattr(problem, "message", str(problem))
    found = None if problem is None else (type(problem).__name__, text)
    others = [each for each in all_gather_object(found) if each is not None]
    if problem is not None:
        raise problem
    if others:
        name, text = others[0]
        raise {kind.__name__: kind for kind in kinds}.get(name, ValueError)(text)
