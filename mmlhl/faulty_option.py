"""Which option of a config makes a class fail that is built from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .explaining import explained_error

#: stand in for options without a default: networks take them as number of channels, or as depth
_NUMBERS = (32, 50)
_KEPT = ("type", "_scope_")


def faulty_option(build: Callable[[dict], Any], config: Mapping[str, Any]) -> str | None:
    """The option without which a class can be built.

    Each option in turn is left to its default, or is replaced by a number if it has none. The first
    that makes the class build is at fault. This needs no knowledge of the class, whose own errors
    are those of the statement that failed, such as ``object of type 'int' has no len()``.

    Returns:
        The option's name; None if it is none of them, or several at once.
    """
    for key in config:
        if key in _KEPT:
            continue
        others = {name: value for name, value in config.items() if name != key}
        error = _error(build, others)
        needed = isinstance(error, TypeError) and "missing" in str(error) and key in str(error)
        if error is None or (
            needed and any(_error(build, {**others, key: each}) is None for each in _NUMBERS)
        ):
            return key
    return None


def option_named(build: Callable[[dict], Any], config: Mapping[str, Any], error: Exception) -> str:
    """An error's text, and the option at fault with its value if there is one."""
    key, text = faulty_option(build, config), explained_error(error)
    return text if key is None else f"{text}; it comes from {key}={config[key]!r}"


def _error(build: Callable[[dict], Any], config: dict) -> Exception | None:
    try:
        build(config)
    except Exception as error:  # a constructor may raise anything
        return error
    return None
