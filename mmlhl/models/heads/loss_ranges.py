"""Ranges of the options of mmseg's losses and sampler of pixels, which mmseg takes unchecked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from mmseg import models as mmseg_models
from mmseg import structures as mmseg_structures

from ...config_values import as_list, is_number, is_whole

_Rule = tuple[Callable[[Any], bool], str]


def _numbers(fits: Callable[[float], bool]) -> Callable[[Any], bool]:
    """Whether a value is a number that fits, or a list of such numbers."""

    def all_fit(value: Any) -> bool:
        listed = as_list(value)
        return all(is_number(each) and math.isfinite(each) and fits(each) for each in listed)

    return all_fit


_SHARE: _Rule = (_numbers(lambda value: 0 <= value <= 1), "within [0, 1]")
_FROM_0: _Rule = (_numbers(lambda value: value >= 0), ">= 0")
_ABOVE_0: _Rule = (_numbers(lambda value: value > 0), "> 0")
_PROBABILITY: _Rule = (
    _numbers(lambda value: 0 < value < 1),
    "a probability above 0 and below 1: pixels count whose right class has a lower one",
)
_COUNT: _Rule = (lambda value: is_whole(value) and value >= 1, "a whole number >= 1")

#: By class and attribute; by name, since the two stacks export different ones.
_RULES: dict[str, dict[str, _Rule]] = {
    "DiceLoss": dict(eps=_ABOVE_0),
    "FocalLoss": dict(gamma=_FROM_0, alpha=_SHARE),
    "OHEMPixelSampler": dict(thresh=_PROBABILITY, min_kept=_COUNT),
    "OhemCrossEntropy": dict(thresh=_PROBABILITY, min_kept=_COUNT),
    "SiLogLoss": dict(eps=_ABOVE_0),
    "TverskyLoss": dict(alpha=_SHARE, beta=_SHARE, smooth=_FROM_0),
}
#: Names of options that differ from their attributes.
_OPTIONS = {("OhemCrossEntropy", "thresh"): "thres"}


def check_ranges(built: Iterable[Any], owner: str) -> None:
    """Refuse numbers with which a loss would pull the wrong way, or a threshold would not choose.

    Args:
        built: Losses or samplers; others than mmseg's are left alone.
        owner: Class of the head, for messages.

    Raises:
        ValueError: Naming class, option and value.
    """
    for each in built:
        name, package = type(each).__name__, type(each).__module__
        if not package.startswith((mmseg_models.__name__, mmseg_structures.__name__)):
            continue
        for attribute, (fits, words) in _RULES.get(name, {}).items():
            value = getattr(each, attribute, None)
            if value is not None and not fits(value):
                option = _OPTIONS.get((name, attribute), attribute)
                raise ValueError(f"{owner}: {option} of {name} must be {words}, got {value!r}")
