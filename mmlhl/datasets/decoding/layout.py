"""The channels that an annotation takes from its file."""

from __future__ import annotations

import numpy as np

from ..annotation import Annotation
from .colours import some_colours

_WANTED = {"classes": 1, "binary": 1, "depth": 1, "normal": 3}
_MOST_OF_A_PICTURE = 4


def pick_channels(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """The channels that an annotation takes from its file.

    Args:
        raw: (H, W) or (H, W, K).
        ann: The annotation with ``channels``; a (H, W) file has one, channel 0. Without
            ``channels``, a completely opaque alpha channel is dropped if the kind needs exactly
            the other channels, and an array of torch's order, (1, H, W) or (3, H, W), is turned
            if the kind needs so many channels.
        path: File, for messages.

    Returns:
        (H, W) for one channel, else (H, W, number of channels).

    Raises:
        ValueError: If the file has fewer channels.
    """
    if ann.channels is None:
        return raw if raw.ndim == 2 else _without_alpha(_channels_last(raw, ann), ann)
    chosen: list[int] = list(ann.channels)  # type: ignore[arg-type]
    if raw.ndim == 2:
        raw = raw[..., None]
    if max(chosen) >= raw.shape[2]:
        raise ValueError(
            f"{path}: annotation {ann.name!r} takes channels {tuple(chosen)}, but the file "
            f"has {raw.shape[2]}"
        )
    return raw[..., chosen[0]] if len(chosen) == 1 else raw[..., chosen]


def _wanted(ann: Annotation) -> int:
    """How many channels an annotation needs; 0 for any number."""
    return 3 if ann.coloured else _WANTED.get(ann.kind, 0)


def _channels_last(raw: np.ndarray, ann: Annotation) -> np.ndarray:
    first, last = raw.shape[0], raw.shape[2]
    # no array of few columns, which may be a picture of few rows
    torchs = first == _wanted(ann) != last and last > _MOST_OF_A_PICTURE
    return np.moveaxis(raw, 0, 2) if torchs else raw


def _without_alpha(raw: np.ndarray, ann: Annotation) -> np.ndarray:
    # only images of 8 or 16 bits can have an alpha channel
    if raw.dtype not in (np.uint8, np.uint16) or raw.shape[2] != _wanted(ann) + 1:
        return raw
    opaque = (raw[..., -1] == np.iinfo(raw.dtype).max).all()
    return raw[..., :-1] if opaque else raw


def one_channel(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """A map of one channel.

    Args:
        raw: (H, W) or (H, W, 1).
        ann: The annotation, for messages.
        path: File, for messages.

    Returns:
        (H, W).

    Raises:
        ValueError: If there are several channels.
    """
    if raw.ndim == 2:
        return raw
    if raw.shape[2] != 1:
        raise ValueError(
            f"{path}: expected one channel as {ann.kind} annotation {ann.name!r}, got "
            f"{raw.shape[2]} (shape {raw.shape}); {_advice(raw, ann)}"
        )
    return raw[..., 0]


def _advice(raw: np.ndarray, ann: Annotation) -> str:
    """How to read an array of several channels as a map of one."""
    picture = raw.dtype == np.uint8 and raw.shape[2] in (3, 4)
    if not picture or (raw[..., 1:3] == raw[..., :1]).all():
        return "'channels' takes one of several"
    if ann.is_integer:
        return (
            f"if classes are shown in colours, such as {some_colours(raw[..., :3])}, set id_map="
            "{(red, green, blue): class, ...}; 'channels' takes one of several"
        )
    return (
        "a picture in colours holds no numbers; 'channels' takes one of several, and a 'reader' "
        "decodes numbers that are spread over them"
    )
