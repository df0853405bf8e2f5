"""Checks of the scale of the loss in mixed precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....config_values import is_number, is_whole
from ....spelling import unknown

#: options of torch's ``GradScaler``: which values it works with, and their words
OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "init_scale": (lambda value: is_number(value) and value > 0, "a number > 0"),
    "growth_factor": (lambda value: is_number(value) and value > 1, "a number > 1"),
    "backoff_factor": (lambda value: is_number(value) and 0 < value < 1, "a number within (0, 1)"),
    "growth_interval": (lambda value: is_whole(value) and value >= 1, "a whole number >= 1"),
    "enabled": (lambda value: isinstance(value, bool), "True or False"),
    "device": (lambda value: isinstance(value, str), "the name of a device"),
}


def check_loss_scale(scale: Any, place: str) -> None:
    """Refuse a scale of the loss that torch's ``GradScaler`` does not take, on a CPU as well.

    Raises:
        ValueError: Naming the option, its value and what would be right.
    """
    if scale is None or scale == "dynamic":
        return
    if isinstance(scale, Mapping):
        for key, value in scale.items():
            if key not in OPTIONS:
                raise ValueError(f"{place}.{key}: {unknown(str(key), OPTIONS)}")
            fits, words = OPTIONS[key]
            if not fits(value):
                raise ValueError(f"{place}.{key} must be {words}, got {value!r}")
        return
    if not is_number(scale) or scale <= 0:
        raise ValueError(
            f"{place} must be 'dynamic', a number > 0 or options of GradScaler, got {scale!r}"
        )
