"""Options that are not a number, or not an integer, where one is required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .signatures import default_of, hint_of

#: accepted types and their name in messages, by type hint of our own classes
_MEANT: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "True or False"),
    "str": ((str,), "one string"),
}


def check_types(cls: type, node: Mapping, place: str) -> None:
    """Refuse options of the wrong type.

    For our own classes the type hints decide. For any other class, text is refused if the default
    is a number or a switch: it probably has quotes by mistake.

    Args:
        cls: The class of the config.
        node: The config.
        place: Its dotted key, for messages.

    Raises:
        ValueError: Naming the option and its value.
    """
    ours = cls.__module__.split(".")[0] == "mmlhl"
    for key, value in node.items():
        if key in ("type", "_scope_", "loss_weight"):  # loss_weight is checked in values.py
            continue
        if ours:
            _check_hint(hint_of(cls, key), value, f"{place}.{key}")
        default = default_of(cls, key)
        if isinstance(value, str) and _is_number(default):
            raise ValueError(f"{place}.{key} must be a number, got {value!r}")
        if isinstance(value, str) and isinstance(default, bool):  # any text would be true
            raise ValueError(f"{place}.{key} must be True or False, got {value!r}")


def _check_hint(hint: str, value: Any, place: str) -> None:
    kinds = [each.strip() for each in hint.split("|")]
    wanted = [kind for kind in kinds if kind != "None"]
    if len(wanted) != 1 or wanted[0] not in _MEANT or (value is None and "None" in kinds):
        return
    allowed, words = _MEANT[wanted[0]]
    if wanted == ["bool"] and isinstance(value, int) and value in (0, 1):
        return
    if isinstance(value, allowed) and not (isinstance(value, bool) and wanted != ["bool"]):
        return
    raise ValueError(f"{place} must be {words}, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
