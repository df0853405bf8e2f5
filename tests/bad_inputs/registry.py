"""The class of bad inputs, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .setting import Setting


@dataclass(frozen=True)
class BadInput:
    """Something that a user did wrong.

    Args:
        section: the part of a user's work that it belongs to.
        name: what was done wrong.
        expected: what the message has to name: key or file, value, and what would do.
        spoil: does it, in a setting that was sound; gives what to call instead of the training.
        error: what has to be raised.
    """

    section: str
    name: str
    expected: tuple[str, ...]
    spoil: Callable[[Setting], Callable[[], Any] | None]
    error: type[Exception] = ValueError


CASES: list[BadInput] = []


def bad(section: str, name: str, *expected: str, error: type[Exception] = ValueError) -> Callable:
    """Register a function that spoils a setting; it may give what to call instead of training."""

    def register(spoil: Callable) -> Callable:
        assert all((case.section, case.name) != (section, name) for case in CASES), name
        CASES.append(BadInput(section, name, expected, spoil, error))
        return spoil

    return register


def edits(section: str, *cases: tuple, error: type[Exception] = ValueError) -> None:
    """Register configs that are wrong in some keys.

    Args:
        section: the part of a user's work.
        cases: (name, {key with dots: value}, what the message names ...).
        error: what has to be raised.
    """
    for name, changes, *expected in cases:

        def spoil(setting: Setting, changes: Mapping = changes) -> None:
            setting.edit(changes)

        bad(section, name, *expected, error=error)(spoil)
