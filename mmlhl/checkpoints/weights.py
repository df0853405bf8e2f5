"""The names of the weights in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HEAD_PREFIX = "heads."
DISTILLER_PREFIX = "distillers."
#: key of a checkpoint for what the method remembers
METHOD_KEY = "lifelong_method"


def weights_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The weights in a loaded checkpoint.

    Args:
        checkpoint: With a ``state_dict`` as mmengine saves it, or the weights alone; names may
            start with the ``module.`` of a distributed wrapper.

    Raises:
        ValueError: If ``state_dict`` is not a dict.
    """
    state = checkpoint.get("state_dict", checkpoint)
    if not isinstance(state, Mapping):
        raise ValueError(f"the checkpoint's state_dict is a {type(state).__name__}, not a dict")
    return {str(key).removeprefix("module."): value for key, value in state.items()}


def stored_tasks(keys: Iterable[str], prefix: str = "") -> set[str]:
    """Tasks of a lifelong segmentor whose heads are among the weights."""
    start = prefix + HEAD_PREFIX
    return {key[len(start) :].split(".")[0] for key in keys if key.startswith(start)}
