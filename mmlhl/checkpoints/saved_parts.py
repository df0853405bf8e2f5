"""The parts of a checkpoint, counted when it is written, so that a lost one is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .walking import placed_values

#: key of the meta with the number of values in each part
PARTS = "parts"


def note_parts(content: dict[str, Any]) -> None:
    """Note the number of values in each part of a checkpoint that is about to be written."""
    content["meta"].pop(PARTS, None)
    content["meta"][PARTS] = {str(key): _count(value) for key, value in content.items()}


def lost_part(content: Mapping[str, Any]) -> str | None:
    """The first part of a checkpoint that is not as long as it was written.

    Args:
        content: As it was loaded; older files do not tell.

    Returns:
        The part with both numbers, in words that follow the file's name; None if nothing is lost.
    """
    meta = content.get("meta")
    noted = meta.get(PARTS) if isinstance(meta, Mapping) else None
    if not isinstance(noted, Mapping):
        return None
    parts = {**content, "meta": {key: value for key, value in meta.items() if key != PARTS}}
    for key, written in noted.items():
        found = _count(parts.get(key, ()))
        if found != written:
            return f"is damaged: its {key} holds {found} values, and {written!r} when it was saved"
    return None


def _count(part: Any) -> int:
    return sum(1 for _ in placed_values(part))
