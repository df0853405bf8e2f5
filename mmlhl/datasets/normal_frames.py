"""Doubts about the frame of normals: visible surfaces point towards the camera."""

from __future__ import annotations

import numpy as np

_FEW, _RARE = 0.1, 0.02
_SLIGHT = 0.1
"""Components up to here have no sign: a floor seen by a level camera has a z of about 0."""


def signs_of(normals: np.ndarray) -> np.ndarray:
    """How many normals have clearly negative and clearly positive components.

    Args:
        normals: (N, 3) in our camera frame, without NaN.

    Returns:
        (2, 3) counts: below 0, above 0, each for x, y and z.
    """
    return np.stack([(normals < -_SLIGHT).sum(axis=0), (normals > _SLIGHT).sum(axis=0)])


def frame_sentence(name: str, signs: np.ndarray, count: int) -> str:
    """A warning if normals are probably in another frame, or their channels in another order.

    Returns:
        A sentence; empty if the frame is plausible. With a wide-angle camera, visible surfaces may
        have a positive z.
    """
    clear = signs.sum(axis=0)
    if clear[2] <= _RARE * count:
        return ""
    z = signs[0, 2] / clear[2]
    one_sided = (2 * clear >= count) & (signs.min(axis=0) <= _RARE * clear)
    between = _FEW <= z <= 1 - _FEW
    start = f"only {100 * z:.0f} % of the normals of {name!r} point towards the camera (negative z)"
    if between and one_sided[:2].any():
        axis, way = (
            ("x", "blue comes before red in the files, set channels=(2, 1, 0)")
            if one_sided[0]
            else ("y", "y and z change places in the files, set 'axes'")
        )
        return f"{start}, but nearly all have the same sign of {axis}; if {way} of the annotation"
    if z >= 0.5:
        return ""
    if between:
        return (
            f"{start}; are they in the frame of the world, not of the camera? Otherwise 'axes' of "
            "the annotation, or 'channels' if blue comes before red, give their order"
        )
    order = ", or if blue comes before red in the files, channels=(2, 1, 0)" if one_sided[0] else ""
    return (
        f"{start}; if the set's z axis points backward, set axes=('x', 'y', '-z') of the "
        f"annotation{order}"
    )
