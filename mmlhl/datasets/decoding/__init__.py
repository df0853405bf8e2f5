"""From the numbers in a file to a map in the package's convention, with checks that name the file.

Class and binary maps become uint8 with 255 for unlabelled pixels; depth, normals and channels
become float32 with NaN for unmeasured ones.
"""

from __future__ import annotations

import numpy as np

from ..annotation import Annotation
from .greys import stored_or_shown
from .label_table import LabelTable, label_table
from .labels import decode_binary, decode_classes
from .layout import pick_channels
from .made_maps import made_map
from .masked import decode_masked
from .measures import decode_channels, decode_depth
from .normals import decode_normal, reorder_axes

__all__ = [
    "LabelTable",
    "decode",
    "label_table",
    "made_map",
    "pick_channels",
    "reorder_axes",
    "stored_or_shown",
]

_DECODERS = {
    "classes": decode_classes,
    "binary": decode_binary,
    "depth": decode_depth,
    "channels": decode_channels,
    "normal": decode_normal,
}


def decode(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Turn stored numbers into an annotation map.

    Args:
        raw: Array as stored, shape (H, W) or (H, W, K); colour images in the file's channel order.
            What a masked array masks is unknown.
        ann: The annotation, whose options define what the numbers mean.
        path: The file, for messages.

    Returns:
        (H, W) uint8 for classes and binary maps; (H, W) float32 for depth and one channel;
        (H, W, 3) or (H, W, K) float32 for normals and several channels.

    Raises:
        ValueError: If the numbers cannot be such an annotation.
    """
    try:
        raw = np.asanyarray(raw)  # a reader may give anything
    except ValueError as error:
        raise ValueError(
            f"{path}: expected numbers of shape (H, W) or (H, W, K) as {ann.name!r} annotation, "
            f"got what is no array: {error}"
        ) from None
    if np.ma.isMaskedArray(raw):
        return decode_masked(raw, ann, path, decode)
    if raw.dtype.kind not in "buif" or raw.ndim not in (2, 3) or not raw.size:
        raise ValueError(
            f"{path}: expected numbers of shape (H, W) or (H, W, K) as {ann.name!r} annotation, "
            f"got {raw.dtype} of shape {raw.shape}"
        )
    return _DECODERS[ann.kind](pick_channels(raw, ann, path), ann, path)
