"""Small samples for trying transforms, and values that differ from those of a label or image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..maps import same_map

_BLOCK = 8
_STEP = 100 / 255
"""Contrast of spots in an image, as a share of its range."""


def image_sample(trial: int, size: Sequence[int], block: int = _BLOCK) -> dict:
    """A sample with an image of uniform blocks, and classes."""
    places = np.random.RandomState(1000 + trial)
    coarse = places.randint(60, 196, (size[0] // block, size[1] // block, 3)).astype(np.uint8)
    return dict(
        _common(trial, size),
        img=np.kron(coarse, np.ones((block, block, 1), np.uint8)),
        gt_seg_map=places.randint(0, 4, size).astype(np.uint8),
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_seg_map="classes"),
    )


def label_sample(trial: int, kinds: Mapping[str, str], size: Sequence[int], block: int = 1) -> dict:
    """A sample with labels of uniform blocks, and a noisy image.

    Args:
        trial: Seed of its values.
        kinds: Kind of each label by its key in a pipeline's results.
        size: (height, width).
        block: Side of the blocks, which fill the image; 1 for noise.
    """
    draw = np.random.RandomState(3000 + trial)
    sample = dict(
        _common(trial, size),
        img=draw.randint(60, 196, (*size, 3)).astype(np.uint8),
        seg_fields=[key for key, kind in kinds.items() if kind in ("classes", "binary")],
        dense_fields=dict(kinds),
    )
    coarse = (size[0] // block, size[1] // block)
    for key, kind in kinds.items():
        if kind in ("classes", "binary"):
            label = draw.randint(0, 2 if kind == "binary" else 4, coarse).astype(np.uint8)
        elif kind == "normal":
            vectors = draw.normal(size=(*coarse, 3)).astype(np.float32)
            label = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
        else:
            label = draw.uniform(1, 8, coarse).astype(np.float32)
        sample[key] = label if block == 1 else label.repeat(block, 0).repeat(block, 1)
    return sample


def _common(trial: int, size: Sequence[int]) -> dict:
    return dict(
        img_shape=tuple(size),
        ori_shape=tuple(size),
        img_path=f"trial_{trial}.png",
        img_id=f"trial_{trial}",
        sample_idx=trial,
        label_map=None,
        reduce_zero_label=False,
    )


def square(size: Sequence[int], row: int, column: int, side: int) -> np.ndarray:
    """A spot: (H, W) bool, True in a square of which row and column are the first."""
    spot = np.zeros(size, bool)
    spot[row : row + side, column : column + side] = True
    return spot


def moved_to(source: np.ndarray | None, spot: np.ndarray) -> np.ndarray:
    """Where a spot is after the image has moved by :func:`~..witness.read_witness`."""
    if source is None:
        return spot
    moved: np.ndarray = (source >= 0) & spot.ravel()[np.maximum(source, 0)]
    return moved


def spotted_image(image: np.ndarray, spot: np.ndarray) -> np.ndarray:
    """A copy of an image that differs from it by the same contrast in each pixel of a spot."""
    low, high = 0.0, 255.0
    if image.dtype.kind not in "iu" or image.max() > high:
        low, high = float(image.min()), float(image.max())
    step = _STEP * (high - low)
    inside = image[spot].astype(np.float64)
    spotted = image.copy()
    spotted[spot] = np.where(inside < (low + high) / 2, inside + step, inside - step)
    return spotted


def spotted_label(label: np.ndarray, spot: np.ndarray) -> np.ndarray:
    """A copy of a label with other ones of its values in each pixel of a spot."""
    inside, spotted = label[spot], label.copy()
    if label.dtype.kind != "f":
        ids = np.unique(label[label != 255])
        if len(ids) > 1:
            found = np.searchsorted(ids, np.minimum(inside, ids[-1]))
            spotted[spot] = np.where(inside == 255, inside, ids[(found + 1) % len(ids)])
    elif inside.ndim == 2 and inside.shape[1] > 1:
        spotted[spot] = np.roll(inside, 1, axis=1)
    else:
        spotted[spot] = inside * np.float32(1.25) + np.float32(0.125)
    return spotted


def own_label(
    before: np.ndarray, after: object, image: np.ndarray, source: np.ndarray | None
) -> np.ndarray | None:
    """A label after the transform; None if it was not touched, so that it follows the image.

    Args:
        before: The label before.
        after: What the sample has in its place after the transform.
        image: The image after the transform.
        source: (H', W') index of the old pixel by which the image moves; None if it does not.
    """
    if not isinstance(after, np.ndarray) or after.shape[:2] != image.shape[:2]:
        return None  # other sizes are refused by the caller, for each sample
    return None if source is not None and same_map(after, before) else after
