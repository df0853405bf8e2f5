"""Rules of options: which values one takes, and the words for them in a message."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .config_values import as_list, is_number, is_whole

#: whether a value fits, and what it must be, in words
Rule = tuple[Callable[[Any], bool], str]

ABOVE_0: Rule = (lambda value: is_number(value) and value > 0, "a number > 0")
FROM_0: Rule = (lambda value: is_number(value) and value >= 0, "a number >= 0")
SHARE: Rule = (lambda value: is_number(value) and 0 <= value <= 1, "a number within [0, 1]")
ABOVE_0_TO_1: Rule = (lambda value: is_number(value) and 0 < value <= 1, "a number within (0, 1]")
WITHIN: Rule = (lambda value: is_number(value) and 0 < value < 1, "a number within (0, 1)")
BOOL: Rule = (lambda value: isinstance(value, bool), "True or False")
#: any text would be true, even "False"
SWITCH: Rule = (lambda value: isinstance(value, bool) or value in (0, 1), "True or False")
WHOLE: Rule = (is_whole, "a whole number")
TEXT: Rule = (lambda value: isinstance(value, str), "one string")


def whole(least: int) -> Rule:
    """A whole number from ``least`` on."""
    return (lambda value: is_whole(value) and value >= least), f"a whole number >= {least}"


def number(fits: Callable[[float], bool], words: str) -> Rule:
    """A finite number that fits."""
    return (lambda value: is_number(value) and math.isfinite(value) and fits(value)), words


FINITE_ABOVE_0 = number(lambda value: value > 0, "a number > 0")
FINITE_FROM_0 = number(lambda value: value >= 0, "a number >= 0")


def one_of(choices: Iterable[Any]) -> Rule:
    """One of several values."""
    known = list(choices)
    return known.__contains__, f"one of {known}"


def if_set(rule: Rule) -> Rule:
    """The same; None leaves the option as if it were not there."""
    return (lambda value: value is None or rule[0](value)), rule[1]


def or_none(rule: Rule) -> Rule:
    """The same, or None, which is a choice of its own."""
    return if_set(rule)[0], f"None or {rule[1]}"


def each(rule: Rule) -> Rule:
    """One value or a list, of which each fits."""
    return (lambda value: all(map(rule[0], as_list(value)))), rule[1]


def check_option(value: Any, rule: Rule, place: str) -> None:
    """Refuse a value that does not fit.

    Raises:
        ValueError: Naming its place, the value and what would fit.
    """
    fits, words = rule
    if not fits(value):
        raise ValueError(f"{place} must be {words}, got {value!r}")


def check_options(node: Mapping, rules: Mapping[str, Rule], place: str) -> None:
    """Refuse the first option of a config that does not fit; those that are not set do.

    Raises:
        ValueError: As :func:`check_option`.
    """
    for key, rule in rules.items():
        if key in node:
            check_option(node[key], rule, f"{place}.{key}")
