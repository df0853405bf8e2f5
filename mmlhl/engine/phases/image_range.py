"""Whether the model's preprocessor fits the images that a pipeline gives: range and colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from mmcv.transforms import Normalize

_UNIT = 1.0
_WHITE = 255
_FAR = 20
"""A mean above this is one of images in 0..255."""


def check_image_range(preprocessor: Mapping[str, Any], image: Any, place: str) -> None:
    """Refuse mean and standard deviation of another range than an image's.

    Args:
        preprocessor: The config of the model's ``data_preprocessor``, with ``mean`` and ``std``.
        image: An image at the end of a pipeline, (K, H, W).
        place: Where it is from, for messages.

    Raises:
        ValueError: If they are of images in 0..1, or if the image is normalised already.
    """
    mean, std = preprocessor.get("mean"), preprocessor.get("std")
    if not (mean and std) or not torch.is_tensor(image) or not image.numel():
        return
    lowest, highest = float(image.min()), float(image.max())
    if highest > 2 * _UNIT and max(std) < _UNIT:
        advice = f"multiply both by {_WHITE}"
    elif min(mean) > _FAR and _is_normalised(image, lowest, highest):
        advice = (
            "let the pipeline give 0..255, without Normalize or the like, or leave mean and std out"
        )
    else:
        return
    raise ValueError(
        f"{place}: model.data_preprocessor has mean={list(mean)} and std={list(std)}, but images "
        f"have numbers of {lowest:.4g}..{highest:.4g}: {advice}"
    )


def check_colour_order(preprocessor: Mapping[str, Any], steps: Iterable[Any], place: str) -> None:
    """Refuse to turn BGR into RGB twice, in the pipeline and in the preprocessor.

    Args:
        preprocessor: The config of the model's ``data_preprocessor``, with ``bgr_to_rgb``.
        steps: Transforms of the pipeline.
        place: Where they are from, for messages.

    Raises:
        ValueError: If both exchange red and blue.
    """
    turned = any(isinstance(step, Normalize) and step.to_rgb for step in steps)
    if turned and preprocessor.get("bgr_to_rgb"):
        raise ValueError(
            f"{place}: Normalize turns images into RGB, and bgr_to_rgb of model.data_preprocessor "
            "would turn them back: set one of them to False"
        )


def _is_normalised(image: torch.Tensor, lowest: float, highest: float) -> bool:
    """Whether numbers are of 0..1 or around 0; a black image in 0..255 has no fractions."""
    if not image.is_floating_point():
        return False
    fractions = bool((image != image.round()).any())
    return fractions and (lowest < 0 or highest <= _UNIT) and highest < _FAR
