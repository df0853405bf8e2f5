"""Padding of images together with all their annotations."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import Pad
from mmseg.registry import TRANSFORMS

from ...config_values import positive
from ..annotation import IGNORE
from .maps import annotation_maps, ensure_valid_map, fill_value, is_plain
from .trace import record_step


@TRANSFORMS.register_module()
class MultiTaskPad(Pad):
    """Pad the image at the right and bottom, and every annotation with its value for unlabelled.

    Added pixels are 255 in class and binary maps, NaN in float maps and False in ``valid_map``,
    for every ``padding_mode`` of the image: no loss and no metric counts them.

    Args:
        size: (width, height) to pad to.
        size_divisor: Pad to a multiple of this.
        pad_to_square: Pad to the greater side.
        pad_val: Padding value of the image; or, as in mmcv, ``dict(img=..., seg=...)``, where
            ``seg`` is the value of class and binary maps.
        padding_mode: ``constant``, ``edge``, ``reflect`` or ``symmetric``, for the image.
    """

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: float | dict = 0,
        padding_mode: str = "constant",
    ) -> None:
        if size is not None:
            positive(size, "size of Pad")
        if size_divisor is not None:
            positive(size_divisor, "size_divisor of Pad")
        unknown = set(pad_val) - {"img", "seg"} if isinstance(pad_val, dict) else set()
        if unknown:
            raise ValueError(
                f"pad_val of Pad has {sorted(unknown)[0]!r}; its keys are 'img' and 'seg'"
            )
        super().__init__(
            size=None if size is None else tuple(size),
            size_divisor=size_divisor,
            pad_to_square=pad_to_square,
            pad_val=pad_val if isinstance(pad_val, dict) else dict(img=pad_val),
            padding_mode=padding_mode,
        )

    def transform(self, results: dict) -> dict:
        """Pad the image and its annotations.

        Raises:
            ValueError: If the value for labels does not fit into 8 bits.
        """
        height, width = results["img"].shape[:2]
        self._pad_img(results)
        down = results["img"].shape[0] - height
        right = results["img"].shape[1] - width
        if not (down or right):
            return results
        ensure_valid_map(results, (height, width))
        for key, kind in list(annotation_maps(results)):
            array = results[key]
            ends = ((0, down), (0, right)) + ((0, 0),) * (array.ndim - 2)
            fill = fill_value(kind)
            if key in results.get("seg_fields", ()) and kind in ("classes", "binary"):
                fill = self.pad_val.get("seg", fill)
                if not 0 <= fill <= IGNORE:  # it would wrap around
                    raise ValueError(f"pad_val['seg'] of Pad is {fill}; expected 0..{IGNORE}")
            results[key] = np.pad(array, ends, constant_values=fill)
        record_step(results, "pad", self, padding=(0, right, 0, down))
        return results


@TRANSFORMS.register_module(name="Pad")
class StockPad(MultiTaskPad):
    """mmcv's ``Pad``, which pads every annotation of samples of multi-task datasets."""

    def transform(self, results: dict) -> dict:
        """Pad the image and its annotations."""
        if not is_plain(results):
            return super().transform(results)
        height, width = results["img"].shape[:2]
        results = Pad.transform(self, results)
        down, right = results["img"].shape[0] - height, results["img"].shape[1] - width
        if down or right:
            record_step(results, "pad", "Pad", padding=(0, right, 0, down))
        return results
