"""Merging overrides of a command line, with the place at which one cannot be merged."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from ...explaining import explained_error

#: exceptions with which mmengine's merging ends
_OF_MERGING = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def merge_overrides(cfg: Config, options: Mapping[str, Any]) -> None:
    """Merge overrides into a config.

    Raises:
        ValueError: Naming the override that has no place in the config, and why.
    """
    try:
        cfg.merge_from_dict(dict(options))
    except _OF_MERGING as error:
        for dotted, value in options.items():
            why = _obstacle(cfg, str(dotted)) or _failure(cfg, {dotted: value})
            if why:
                raise ValueError(f"--cfg-options {dotted}: {why}") from error
        raise ValueError(f"--cfg-options: {explained_error(error)}") from error


def _obstacle(cfg: Config, dotted: str) -> str | None:
    """Why a dotted key leads nowhere; None if it leads somewhere."""
    node: Any = cfg
    parts = dotted.split(".")
    for index, part in enumerate(parts):
        place = ".".join(parts[:index])
        if isinstance(node, (list, tuple)):
            if not part.isdigit():
                return f"{place} is a list, of which an entry is {place}.0, not {place}.{part}"
            if int(part) >= len(node):
                last = f"the last is {place}.{len(node) - 1}" if node else "it is empty"
                return f"{place} has {len(node)} entries; {last}"
            node = node[int(part)]
        elif isinstance(node, (Config, Mapping)):
            if part not in node:
                return None
            node = node[part]
        elif node is None:
            return f"{place} is None, which has no {part!r}; give all of it: {place}=..."
        else:
            return f"{place} is {node!r}, which has no {part!r}"
    return None


def _failure(cfg: Config, option: Mapping[str, Any]) -> str | None:
    """Why one override alone cannot be merged; None if it can."""
    try:
        copy.deepcopy(cfg).merge_from_dict(dict(option))
    except _OF_MERGING as error:
        return explained_error(error)
    return None
