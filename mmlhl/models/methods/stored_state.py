"""What a method remembers, read from a checkpoint that anybody may have written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ...config_values import is_number, is_whole
from ...explaining import first_few

#: more phases than any sequence has
MOST_PHASES = 100_000


def entry(state: Any, key: str) -> Any:
    """One entry of a stored state.

    Raises:
        ValueError: If the state is not a dict or lacks the entry.
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"a {type(state).__name__} is stored, not a dict")
    if key not in state:
        raise ValueError(f"{key} is missing")
    return state[key]


def whole_number(state: Any, key: str, most: int | None = None) -> int:
    """A stored whole number that is not negative.

    Raises:
        ValueError: If it is missing, something else or out of range.
    """
    value = entry(state, key)
    if not is_whole(value) or value < 0 or (most is not None and value > most):
        wanted = "a whole number >= 0" if most is None else f"a whole number from 0 to {most}"
        raise ValueError(f"{key} is {_shown(value)}, it must be {wanted}")
    return int(value)


def finite_number(state: Any, key: str) -> float:
    """A stored number that is finite.

    Raises:
        ValueError: If it is missing, no number, NaN or infinite.
    """
    value = entry(state, key)
    if not is_number(value) or not abs(value) < 1e300:
        raise ValueError(f"{key} is {_shown(value)}, it must be a finite number")
    return float(value)


def tensors(
    state: Any,
    key: str,
    like: Mapping[str, Tensor] | None = None,
    least: float = -math.inf,
    most: float = math.inf,
) -> dict[str, Tensor]:
    """Stored float tensors by name, finite everywhere.

    Raises:
        ValueError: If something else is stored; names the first tensors that are wrong.
    """
    found = entry(state, key)
    if not isinstance(found, Mapping):
        raise ValueError(f"{key} is {_shown(found)}, it must be a dict of tensors")
    problems = [
        f"{key}[{name!r}] {why}"
        for name, value in found.items()
        if (why := _wrong(value, least, most))
    ]
    for name, other in (like or {}).items():
        if name not in found:
            problems.append(f"{key}[{name!r}] is missing")
        elif isinstance(found[name], Tensor) and found[name].shape != other.shape:
            shapes = [tuple(each.shape) for each in (found[name], other)]
            problems.append(f"{key}[{name!r}] has the shape {shapes[0]}, it must be {shapes[1]}")
    if problems:
        raise ValueError(first_few(problems, 3))
    return dict(found)


def check_started(method: str, stored: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Check that the stored initial weights of a phase hold each weight, in its shape.

    Raises:
        ValueError: Naming weights that are not among them.
    """
    wrong = sorted(
        name for name, p in own.items() if getattr(stored.get(name), "shape", None) != p.shape
    )
    if wrong:
        raise ValueError(
            f"{method} remembers the weights that this phase started from, and {len(wrong)} of the "
            f"model's are not among them, such as {wrong[:3]}: resume with the config that the "
            "phase began with"
        )


def _wrong(value: Any, least: float, most: float) -> str:
    if not isinstance(value, Tensor):
        return f"is {_shown(value)}, it must be a tensor"
    if not value.is_floating_point() or value.is_sparse or value.is_meta:
        return f"is a tensor of {value.dtype}, it must be dense and of floating point"
    if not value.isfinite().all():
        return "has values that are NaN or infinite"
    if value.numel() and not least <= float(value.min()) <= float(value.max()) <= most:
        return f"has values outside [{least:g}, {most:g}]"
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple, Tensor)):
        return f"a {type(value).__name__}"
    if is_whole(value) and abs(value) > 1e15:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
