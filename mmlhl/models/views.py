"""From the network's view back to the image: undoing padding, flips and resizing in reverse order.

A sample's meta information lists in ``geometry`` the steps that its pipeline applied to the image
(:mod:`mmlhl.datasets.transforms.trace`). Samples of mmseg's own pipelines have ``flip`` and
``flip_direction`` instead. A crop or a rotation cannot be undone: predictions then stay in the
cropped or rotated view if the labels were moved as well, otherwise the view is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from mmengine.structures import PixelData
from torch import Tensor

from .unpadding import mixed_pixels, without_padding

FINAL = ("cut", "warp", "zoom")
"""Kinds of steps that cannot be undone."""
FLIP_AXES = dict(horizontal=(3,), vertical=(2,), diagonal=(2, 3))
"""Axes of an (N, K, H, W) tensor by mmcv's flip direction."""
FLIP_SIGNS = dict(horizontal=(-1, 1, 1), vertical=(1, -1, 1), diagonal=(-1, -1, 1))
"""Signs of a normal's x, y and z by mmcv's flip direction."""


class UndoingHead(Protocol):
    """The members of a head that undoing a view needs."""

    def flip(self, raw: Tensor, direction: str) -> Tensor:
        """Undo a flip on a raw map ``(N, K, h, w)``."""

    def resize(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        """Raw map resized to (height, width)."""


def undo_view(raw: Tensor, meta: dict, head: UndoingHead) -> tuple[Tensor, tuple[int, int]]:
    """Undo a view on a raw map ``(1, K, H, W)``: padding, flips and resizing.

    Returns:
        The map, and the (height, width) that it has to be resized to finally.

    Raises:
        ValueError: If the view cannot be undone.
    """
    raw = cut(raw, batch_padding(meta))
    if not meta.get("geometry"):
        if meta.get("flip"):
            raw = head.flip(raw, meta["flip_direction"])
        return raw, tuple(meta["ori_shape"][:2])
    steps = undone_steps(meta)
    size: tuple[int, int] | None = None
    resizes: list[dict[str, Any]] = []
    mixed = (0, 0)
    for step in reversed(steps):
        if step["kind"] == "flip":
            raw = head.flip(raw, step["direction"])
            if step.get("swap") and getattr(head, "prediction_key", "seg_logits") == "seg_logits":
                raw = _swapped_scores(raw, step, meta)
        elif step["kind"] == "resize":
            size = tuple(step["size"])
            resizes.insert(0, step)
        else:
            if size is not None:
                raw = without_padding(raw, resizes, step["padding"], size, mixed)
                mixed = mixed_pixels(resizes, raw.shape[2:])
                raw = head.resize(raw, size)
            raw = cut(raw, step["padding"])
            size, resizes = None, []
    if len(steps) == len(meta["geometry"]):
        return raw, tuple(meta["ori_shape"][:2])
    return raw, size or (raw.shape[2], raw.shape[3])


def _swapped_scores(raw: Tensor, step: dict, meta: dict) -> Tensor:
    """Class scores in which left and right, as seen in a mirror, are themselves again."""
    order = list(range(raw.shape[1]))
    for one, other in step["swap"]:
        if max(one, other) >= len(order):
            raise ValueError(
                f"{meta.get('img_path', 'a sample')}: swap_seg_labels of {step['by']} has "
                f"{(one, other)}, but there are {len(order)} classes"
            )
        order[one], order[other] = other, one
    return raw[:, order]


def undone_steps(meta: dict) -> Sequence[dict[str, Any]]:
    """The steps that have to be undone on a prediction, in the order of the pipeline.

    Returns:
        All steps; if one cannot be undone and was applied to the labels too, those after it.

    Raises:
        ValueError: If prediction and labels would end up in different views.
    """
    steps = meta.get("geometry", ())
    path = meta.get("img_path", "a sample")
    moved = [field for field in meta.get("moved_labels", ()) if field != "valid_map"]
    final = [i for i, step in enumerate(steps) if step["kind"] in FINAL]
    if final:
        if not moved or meta.get("resting_labels"):
            refuse_final_steps(meta)
        steps = steps[final[-1] + 1 :]
    for step in steps:
        if step["kind"] == "resize" and moved:
            raise ValueError(
                f"{path}: {', '.join(moved)} went through {step['by']} in a pipeline for testing, "
                "but predictions are compared at the image's own size; read annotations after it "
                "(LoadMultiTaskAnnotations behind Resize, as in mmseg)"
            )
    return steps


def refuse_final_steps(meta: dict) -> None:
    """Refuse a view that cannot be mapped back to the whole image.

    Raises:
        ValueError: If the view was cropped, rotated or magnified.
    """
    names = [step["by"] for step in meta.get("geometry", ()) if step["kind"] in FINAL]
    if names:
        raise ValueError(
            f"{meta.get('img_path', 'a sample')}: {names[-1]} in a pipeline for testing cannot be "
            "undone, so the prediction would not lie on the image; leave it out. Flips, padding "
            "and resizing are undone; crops, rotations (also by 90 degrees) and other moves are not"
        )


def labels_back(sample: Any) -> None:
    """Undo the view on a sample's labels as on its predictions; further calls change nothing.

    Args:
        sample: A data sample; the fields in its ``moved_labels`` are changed in place.
    """
    meta = sample.metainfo
    if meta.get("labels_back") or not meta.get("moved_labels"):
        return
    steps = undone_steps(meta)
    for field, kind in meta["moved_labels"].items():
        if field not in sample:
            continue
        data = cut(sample.get(field).data[None], meta.get("padding_size", (0, 0, 0, 0)))
        for step in reversed(steps):
            if step["kind"] == "flip":
                data = data.flip(FLIP_AXES[step["direction"]])
                if kind == "normal":
                    signs = data.new_tensor(FLIP_SIGNS[step["direction"]])
                    data = data * signs.view(1, 3, 1, 1)
                if field == "gt_sem_seg" and kind == "classes":
                    data = _swapped_ids(data, step.get("swap") or ())
            elif step["kind"] == "pad":
                data = cut(data, step["padding"])
        sample.set_data({field: PixelData(data=data[0])})
    sample.set_metainfo(dict(labels_back=True))


def _swapped_ids(ids: Tensor, pairs: Sequence[Sequence[int]]) -> Tensor:
    swapped = ids.clone()
    for one, other in pairs:
        swapped[ids == one] = other
        swapped[ids == other] = one
    return swapped


def batch_padding(meta: dict) -> Sequence[int]:
    """Padding that the data preprocessor added: left, right, top, bottom."""
    return meta.get("img_padding_size", meta.get("padding_size", (0, 0, 0, 0)))


def cut(maps: Tensor, padding: Sequence[int]) -> Tensor:
    """Maps without their padding.

    Args:
        maps: ``(N, K, H, W)``.
        padding: Left, right, top, bottom.
    """
    left, right, top, bottom = padding
    return maps[:, :, top : maps.shape[2] - bottom, left : maps.shape[3] - right]
