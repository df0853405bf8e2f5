"""The options of a class: names, defaults and type hints of its constructor's arguments."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, get_type_hints


@cache
def options_of(cls: type) -> tuple[frozenset[str], bool]:
    """Names of the arguments with which a class is built.

    Returns:
        The names, and whether other options are possible, because the class itself has
        ``**kwargs``.
    """
    names: set[str] = set()
    is_open, first = True, True
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        try:
            parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        except (TypeError, ValueError):  # written in C
            return frozenset(names), True
        variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        names |= {each.name for each in parameters if each.kind not in variable}
        passes_on = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
        if first:
            is_open, first = passes_on, False
        if not passes_on:
            break
    return frozenset(names), is_open


def default_of(cls: type, name: str) -> object:
    """Default of an option; None if there is none, or no such option."""
    found = _parameter(cls, name)
    if found is None or found[1].default is inspect.Parameter.empty:
        return None
    return found[1].default


@cache
def required_of(cls: type) -> tuple[str, ...]:
    """Names of the required options of a class of ours; empty for other classes."""
    if cls.__module__.split(".")[0] != "mmlhl":  # the code that builds others may fill in options
        return ()
    parameters = inspect.signature(cls).parameters.values()
    empty, named = inspect.Parameter.empty, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return tuple(each.name for each in parameters if each.default is empty and each.kind is named)


@cache
def undefaulted(cls: type) -> tuple[str, ...]:
    """Names of the arguments without a default, of a class that may pass others on to its bases."""
    empty = inspect.Parameter.empty
    found = ((name, _parameter(cls, name)) for name in sorted(options_of(cls)[0]))
    return tuple(name for name, each in found if each is not None and each[1].default is empty)


def hint_of(cls: type, name: str) -> Any:
    """Type hint of an option; None if there is none, no such option, or it cannot be read."""
    found = _parameter(cls, name)
    return None if found is None else _hints(found[0]).get(name)


@cache
def _hints(constructor: Any) -> dict[str, Any]:
    try:
        return get_type_hints(constructor)
    except (NameError, TypeError, AttributeError):  # of names that only a type checker imports
        return {}


@cache
def _parameter(cls: type, name: str) -> tuple[Any, inspect.Parameter] | None:
    """The argument of that name of the class, or of the nearest base that has it."""
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            constructor = vars(base)["__init__"]
            try:
                parameter = inspect.signature(constructor).parameters.get(name)
            except (TypeError, ValueError):  # written in C
                return None
            if parameter is not None:
                return constructor, parameter
    return None
