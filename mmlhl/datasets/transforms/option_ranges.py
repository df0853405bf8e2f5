"""Ranges of the options of stock transforms, which mmcv and mmseg take unchecked.

Out of range they fail at a sample that happens to be drawn, with an error of OpenCV that names
nothing, or do nothing; one ends the whole process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ...config_values import as_list, is_number, is_whole

_Rule = tuple[Callable[[Any], bool], str]


def _is_side(value: Any) -> bool:
    return (is_whole(value) and value > 0) or value == math.inf  # no limit of a side


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_side, value))


def _is_size(value: Any) -> bool:
    return _is_pair(value) or _is_side(value)


def _are_sizes(value: Any) -> bool:
    several = isinstance(value, (list, tuple)) and bool(value)
    return several and all(map(_is_size, value))


def _is_range(value: Any) -> bool:
    pair = as_list(value)
    return len(pair) == 2 and all(map(is_number, pair)) and 0 <= pair[0] <= pair[1]


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a number, or each of a list that is not empty, fits; also of nested lists."""

    def all_fit(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return bool(value) and all(map(all_fit, value))
        return is_number(value) and fits(value)

    return all_fit


_SIZE: _Rule = (_is_size, "one or two whole numbers above 0")
_SIZES: _Rule = (_are_sizes, "a list of sizes, each of whole numbers above 0")
_PAIR_OR_PAIRS: _Rule = (
    lambda value: bool(as_list(value)) and (_is_pair(value) or all(map(_is_pair, value))),
    "two whole numbers above 0, or a list of two such pairs",
)
_COUNT: _Rule = (lambda value: is_whole(value) and value > 0, "a whole number above 0")
_FROM_1: _Rule = (lambda value: is_number(value) and value >= 1, "1 or more")
_ABOVE_0: _Rule = (_all(lambda value: value > 0), "above 0")
_FROM_0: _Rule = (_all(lambda value: value >= 0), "0 or more")
_SHARE: _Rule = (lambda value: is_number(value) and 0 < value <= 1, "above 0 and at most 1")
_CHANCE: _Rule = (lambda value: is_number(value) and 0 <= value <= 1, "a number in [0, 1]")
_RANGE: _Rule = (_is_range, "(least, greatest) with 0 <= least <= greatest")
_SOME: _Rule = (lambda value: bool(value), "at least one")

#: Options of which None means that they are not used.
_OPTIONAL = {
    "Pad": ("size", "size_divisor"),
    "RandomCutOut": ("cutout_shape", "cutout_ratio"),
    "RandomResize": ("ratio_range",),
    "Resize": ("scale", "scale_factor"),
    "ResizeShortestEdge": ("max_size",),
}
#: By the names of the transform and its option.
_RULES: dict[str, dict[str, _Rule]] = {
    "CLAHE": dict(clip_limit=_ABOVE_0, tile_grid_size=_SIZE),
    "CenterCrop": dict(crop_size=_SIZE),
    "GenerateEdge": dict(edge_width=_COUNT),
    "Normalize": dict(std=_ABOVE_0),
    "Pad": dict(size=_SIZE, size_divisor=_COUNT),
    "PhotoMetricDistortion": dict(
        brightness_delta=_FROM_0, contrast_range=_RANGE, saturation_range=_RANGE, hue_delta=_FROM_1
    ),
    "RandomApply": dict(prob=_CHANCE),
    "RandomChoice": dict(transforms=_SOME),
    "RandomChoiceResize": dict(scales=_SIZES),
    "RandomCrop": dict(crop_size=_SIZE, cat_max_ratio=_SHARE),
    "RandomCutOut": dict(n_holes=_FROM_0, cutout_shape=_ABOVE_0, cutout_ratio=_ABOVE_0),
    "RandomFlip": dict(direction=_SOME),
    "RandomResize": dict(scale=_PAIR_OR_PAIRS, ratio_range=_RANGE),
    "Resize": dict(scale=_SIZE, scale_factor=_ABOVE_0),
    "ResizeShortestEdge": dict(scale=_SIZE, max_size=_SIZE),
    "ResizeToMultiple": dict(size_divisor=_COUNT),
}


def with_tuples(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a stock transform, with tuples of numbers for lists.

    Several transforms take no list, but JSON knows nothing else. A list of sizes stays a list.
    """
    rules = _RULES.get(name, {})
    return {
        key: _as_tuple(value, rules[key] is _SIZES) if key in rules else value
        for key, value in options.items()
    }


def _as_tuple(value: Any, several: bool = False) -> Any:
    if not isinstance(value, list) or not value:
        return value
    if several or not all(map(is_number, value)):
        return [_as_tuple(each) for each in value]
    return tuple(value)


def check_ranges(name: str, options: Mapping[str, Any]) -> None:
    """Refuse options of a stock transform, or of ours in its place, that are out of range.

    Raises:
        ValueError: Naming option, transform and value.
    """
    stock = name.removeprefix("MultiTask")
    for option, (fits, words) in _RULES.get(stock, {}).items():
        if option not in options or options[option] is None and option in _OPTIONAL.get(stock, ()):
            continue
        value = options[option]
        if not fits(value):
            raise ValueError(f"{option} of {name} is {value!r}; it must be {words}")
