"""Options of an optimiser with which it would train nothing, or uphill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_optimisation(wrapper: Any, place: str) -> None:
    """Refuse learning rates, momenta and limits of gradients that cannot be meant.

    Args:
        wrapper: config of an optimiser's wrapper, or of several under names of one's own.
        place: what messages call it.

    Raises:
        ValueError: naming the option, its value and what would do.
    """
    if not isinstance(wrapper, Mapping):
        return
    if "optimizer" not in wrapper:
        for name, child in wrapper.items():
            check_optimisation(child, f"{place}.{name}")
        return
    counts = wrapper.get("accumulative_counts", 1)
    if not isinstance(counts, int) or counts < 1:
        raise ValueError(f"{place}.accumulative_counts must be an integer >= 1, got {counts!r}")
    _check_optimizer(wrapper["optimizer"], f"{place}.optimizer")
    _check_clipping(wrapper.get("clip_grad"), f"{place}.clip_grad")


def _check_optimizer(optimizer: Any, place: str) -> None:
    if not isinstance(optimizer, Mapping):
        return
    for key, allowed, words in (
        ("lr", lambda value: value > 0, "> 0"),
        ("momentum", lambda value: 0 <= value < 1, "within [0, 1)"),
        ("weight_decay", lambda value: value >= 0, ">= 0"),
        ("eps", lambda value: value >= 0, ">= 0"),
    ):
        value = optimizer.get(key)
        if value is not None and not (_is_number(value) and allowed(value)):
            raise ValueError(f"{place}.{key} must be a number {words}, got {value!r}")
    betas = optimizer.get("betas")
    if betas is not None and not all(_is_number(beta) and 0 <= beta < 1 for beta in betas):
        raise ValueError(f"{place}.betas must be numbers within [0, 1), got {betas!r}")


def _check_clipping(clip: Any, place: str) -> None:
    if not clip:
        return
    if not isinstance(clip, Mapping):
        raise ValueError(f"{place} must be a dict such as dict(max_norm=1.0), got {clip!r}")
    key = "clip_value" if clip.get("type", "norm") == "value" else "max_norm"
    limit = clip.get(key)
    # at 0 nothing is trained, and below it the step goes uphill
    if not _is_number(limit) or limit <= 0:
        raise ValueError(f"{place}.{key} must be a number > 0, got {limit!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
