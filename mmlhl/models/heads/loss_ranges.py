"""Ranges of the options of mmseg's losses and sampler of pixels, which mmseg takes unchecked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmseg import models as mmseg_models
from mmseg import structures as mmseg_structures

from ...option_rules import Rule, check_option, each, if_set, number, whole

_SHARE = each(number(lambda value: 0 <= value <= 1, "within [0, 1]"))
_FROM_0 = each(number(lambda value: value >= 0, ">= 0"))
_ABOVE_0 = each(number(lambda value: value > 0, "> 0"))
_PROBABILITY = each(
    number(
        lambda value: 0 < value < 1,
        "a probability above 0 and below 1: pixels count whose right class has a lower one",
    )
)

#: By class and attribute; by name, since the two stacks export different ones.
_RULES: dict[str, dict[str, Rule]] = {
    "DiceLoss": dict(eps=_ABOVE_0),
    "FocalLoss": dict(gamma=_FROM_0, alpha=_SHARE),
    "OHEMPixelSampler": dict(thresh=_PROBABILITY, min_kept=whole(1)),
    "OhemCrossEntropy": dict(thresh=_PROBABILITY, min_kept=whole(1)),
    "SiLogLoss": dict(eps=_ABOVE_0),
    "TverskyLoss": dict(alpha=_SHARE, beta=_SHARE, smooth=_FROM_0),
}
#: Names of options that differ from their attributes.
_OPTIONS = {("OhemCrossEntropy", "thresh"): "thres"}


def check_ranges(built: Iterable[Any], owner: str) -> None:
    """Refuse numbers with which a loss would pull the wrong way, or a threshold chooses nothing.

    Raises:
        ValueError: Naming class, option and value.
    """
    for part in built:
        name, package = type(part).__name__, type(part).__module__
        if not package.startswith((mmseg_models.__name__, mmseg_structures.__name__)):
            continue
        for attribute, rule in _RULES.get(name, {}).items():
            option = _OPTIONS.get((name, attribute), attribute)
            value = getattr(part, attribute, None)
            check_option(value, if_set(rule), f"{owner}: {option} of {name}")
