"""Doubts about the unit of depth: numbers that hardly are metres."""

from __future__ import annotations

import numpy as np

from .annotation import Annotation

_FAR, _NEAR = 1000, 0.01
"""Means of depth, in metres, of which hardly any set has more or less."""
_LONG_STEPS = 20
"""Depth of whole metres up to here is believed."""
_FULL = 65535
_FEW = 0.01


def depth_sentence(ann: Annotation, greatest: float, mean: float, whole: bool) -> str:
    """A warning if depth is probably not in metres.

    Returns:
        A sentence; empty if the unit is plausible or does not matter.
    """
    if ann.scale == 1 or ann.inverse or ann.post is not None:
        return ""
    if ann.scale is None:
        # neither whole metres nor a mean of a kilometre are plausible
        if mean <= _FAR and not (whole and greatest > _LONG_STEPS):
            return ""
        advice = (
            "if 255 stands for 10 m, set scale=10/255 in its annotation"
            if whole and greatest <= 255
            else "if it is stored in millimetres, set scale=0.001 in its annotation, in 1/256 m as "
            "in KITTI, scale=1/256"
        )
        return (
            f"{ann.name!r} is read without 'scale' and reaches {greatest:.6g} m; {advice}, if it "
            "is in metres, scale=1"
        )
    if mean > _FAR:
        return (
            f"{ann.name!r} reaches {greatest:.6g} m with scale={ann.scale:g}; 'scale' is the "
            "factor from stored numbers to metres"
            + (f", so set 1/{ann.scale:g} if they are divided by it" if ann.scale > 1 else "")
        )
    if mean < _NEAR:
        return (
            f"{ann.name!r} reaches only {greatest:.3g} m with scale={ann.scale:g}; if the files "
            "hold metres, set scale=1 in its annotation"
        )
    return ""


def full_numbers(depth: np.ndarray, ann: Annotation) -> int:
    """How many numbers are the greatest one of 16 bits, which often means sky or unmeasured."""
    full = np.float32(_FULL) * np.float32(1 if ann.scale is None else ann.scale)
    return int(np.count_nonzero(depth == full + np.float32(ann.offset or 0)))


def full_sentence(ann: Annotation, share: float) -> str:
    """A warning if much of a depth map is the greatest number of 16 bits.

    Returns:
        A sentence; empty if there are few.
    """
    if share <= _FEW:
        return ""
    scale = 1 if ann.scale is None else ann.scale
    marks = ", ".join(f"{v:g}" for v in (*ann.invalid_numbers, _FULL))
    return (
        f"{100 * share:.0f} % of {ann.name!r} are {_FULL}, the greatest number of 16 bits, and are "
        f"read as {_FULL * scale + (ann.offset or 0):.6g}; if it means sky or unmeasured, set "
        f"invalid=({marks}), or 'max_value', in its annotation"
    )
