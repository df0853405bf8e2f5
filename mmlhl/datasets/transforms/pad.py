"""Padding of images together with all their annotations."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import Pad
from mmseg.registry import TRANSFORMS

from .maps import annotation_maps, ensure_valid_map, fill_value


@TRANSFORMS.register_module()
class MultiTaskPad(Pad):
    """Pad the image at the right and bottom, and every annotation with its own unknown mark.

    Added pixels are 255 in class and binary maps, NaN in float maps and False in ``valid_map``,
    whatever ``padding_mode`` shows in the image: no loss and no figure counts them.

    Args:
        size: (width, height) to pad to.
        size_divisor: Pad to a multiple of this.
        pad_to_square: Pad to the greater side.
        pad_val: What the image is padded with.
        padding_mode: ``constant``, ``edge``, ``reflect`` or ``symmetric``, for the image.
    """

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: int = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__(
            size=size,
            size_divisor=size_divisor,
            pad_to_square=pad_to_square,
            pad_val=dict(img=pad_val),
            padding_mode=padding_mode,
        )

    def transform(self, results: dict) -> dict:
        """Pad the image and its annotations.

        Args:
            results: Pipeline results with ``img``.

        Returns:
            The padded results.
        """
        ensure_valid_map(results)
        return super().transform(results)

    def _pad_seg(self, results: dict) -> None:
        height, width = results["pad_shape"][:2]
        for key, kind in list(annotation_maps(results)):
            array = results[key]
            down, right = height - array.shape[0], width - array.shape[1]
            ends = ((0, down), (0, right)) + ((0, 0),) * (array.ndim - 2)
            results[key] = np.pad(array, ends, constant_values=fill_value(kind))
