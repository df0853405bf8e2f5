"""Inference on several raw maps at once: sliding window, and back to the original image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor


def input_metas(inputs: Tensor, samples: Sequence) -> list[dict]:
    """Meta information of each image, filled in for samples that carry none."""
    size = tuple(inputs.shape[2:])
    default = dict(ori_shape=size, img_shape=size, pad_shape=size, padding_size=(0, 0, 0, 0))
    return [{**default, **sample.metainfo} for sample in samples]


def undo_padding_and_flip(raw: Tensor, meta: dict, flip: Callable[[Tensor, str], Tensor]) -> Tensor:
    """The part of a map that is image, the way round that the image was.

    Args:
        raw: ``(1, K, H, W)`` at the size of the network's input.
        meta: meta information with ``img_padding_size`` (test) or ``padding_size`` (left,
            right, top, bottom) and, if it was flipped, ``flip`` and ``flip_direction``.
        flip: undoes a flip on a raw map; for normals that is more than mirroring.
    """
    padding = meta.get("img_padding_size", meta.get("padding_size", (0, 0, 0, 0)))
    left, right, top, bottom = padding
    raw = raw[:, :, top : raw.shape[2] - bottom, left : raw.shape[3] - right]
    return flip(raw, meta["flip_direction"]) if meta.get("flip") else raw


def slide(
    infer: Callable[[Tensor], dict[str, Tensor]],
    inputs: Tensor,
    crop_size: Sequence[int],
    stride: Sequence[int],
) -> dict[str, Tensor]:
    """Mean of overlapping windows, on raw maps, as mmseg's slide inference.

    Args:
        infer: gives the raw maps of a crop at the crop's size.
        inputs: ``(N, 3, H, W)``.
        crop_size: height and width of the window; a smaller image is taken whole.
        stride: steps of the window.

    Returns:
        Raw maps ``(N, K, H, W)`` by task.
    """
    height, width = inputs.shape[2:]
    crop_h, crop_w = min(crop_size[0], height), min(crop_size[1], width)
    # the last window is moved back inside the image, so that every pixel is seen at least once
    tops = [min(y, height - crop_h) for y in range(0, height - crop_h + stride[0], stride[0])]
    lefts = [min(x, width - crop_w) for x in range(0, width - crop_w + stride[1], stride[1])]
    sums: dict[str, Tensor] = {}
    count = inputs.new_zeros(1, 1, height, width)
    for top in tops:
        for left in lefts:
            window = (..., slice(top, top + crop_h), slice(left, left + crop_w))
            count[window] += 1
            for task, raw in infer(inputs[window]).items():
                if task not in sums:
                    sums[task] = raw.new_zeros(*raw.shape[:2], height, width)
                sums[task][window] += raw
    return {task: total / count for task, total in sums.items()}
