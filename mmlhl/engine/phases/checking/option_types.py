"""Options of another type than the class expects, such as text instead of a number."""

from __future__ import annotations

import math
import os
import types
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin

from torch import nn

from .signatures import default_of, hint_of

#: options that are checked elsewhere, or whose type hints in mmengine are wrong
_ELSEWHERE = (
    *("type", "_scope_", "begin", "end", "vis_backends", "max_epochs", "max_iters"),
    *("val_interval", "method", "backbone", "heads", "decoder", "annotations", "metrics"),
    "optimizer",
)
#: options for which infinity is meaningful: no limit, or a norm
_ENDLESS = ("end", "norm_type", "max_depth", "max_value", "invalid", "stopping_threshold")
#: packages whose other options infinity does not fit; one's own class may mean no limit
_PACKAGES = ("torch", "mmengine", "mmcv", "mmseg", "mmlhl")
#: options of mmengine and mmseg that are hinted as whole numbers, though any number is meant
_NUMBERS = ("eta_min_ratio", "beta", "nan_to_num")
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable)
_WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "one string",
    dict: "a dict",
    list: "a list",
}


def check_types(cls: type, node: Mapping, place: str) -> None:
    """Refuse options of the wrong type.

    Type hints state what a class takes, except for models and transforms of other packages, whose
    hints are often narrower than what they take. For those, a number or a boolean is expected where
    the default is one.

    Raises:
        ValueError: Naming the option and its value.
    """
    package = cls.__module__.split(".")[0]
    ours = package == "mmlhl"
    hinted = ours or not (issubclass(cls, nn.Module) or hasattr(cls, "transform"))
    for key, value in node.items():
        if key in _ELSEWHERE or (key == "loss_weight" and not _holds(value)):
            continue  # a weight that is not a list is checked elsewhere
        default, kinds = default_of(cls, key), _kinds(hint_of(cls, key)) if hinted else []
        if key in _NUMBERS and not ours:
            kinds = [float if kind is int else kind for kind in kinds]
        if isinstance(default, bool) and not kinds:
            kinds = [bool, type(None)]
        if value is None and (default is None or not kinds):
            continue
        wanted = [kind for kind in kinds if kind is not type(None)]
        one_for_several = wanted == [list] and (ours or not isinstance(value, (str, Mapping)))
        if wanted and not one_for_several and not any(_fits(value, kind) for kind in kinds):
            words = " or ".join(_WORDS[kind] for kind in wanted)
            raise ValueError(f"{place}.{key} must be {words}, got {value!r}")
        other = (str, Mapping) if isinstance(default, bool) else (str, Mapping, bool)
        if not wanted and isinstance(value, other) and isinstance(default, (int, float)):
            raise ValueError(f"{place}.{key} must be a number, got {value!r}")
        infinite = isinstance(value, float) and math.isinf(value)
        if infinite and key not in _ENDLESS and package in _PACKAGES:
            raise ValueError(f"{place}.{key} is {value}; write a finite number")


def _kinds(hint: Any) -> list[type]:
    """The plain types that a hint names; none if it allows anything else as well."""
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    found: list[type] = []
    for member in members:
        kind = get_origin(member) or member
        if kind in (bool, int, float, str, type(None)):
            found.append(kind)
        elif kind in (dict, Mapping):
            found.append(dict)
        elif kind in _LISTS:
            found.append(list)
        else:
            return []
    return found


def _fits(value: Any, kind: type) -> bool:
    if kind is bool:
        return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))
    if kind in (int, float):
        number = Integral if kind is int else Real
        return isinstance(value, number) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, (str, os.PathLike))
    if kind is dict:
        return isinstance(value, Mapping)
    if kind is list:
        return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    return value is None


def _holds(value: Any) -> bool:
    return isinstance(value, (list, tuple, Mapping))
