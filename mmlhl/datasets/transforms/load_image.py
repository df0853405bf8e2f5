"""Reading a sample's image."""

from __future__ import annotations

from typing import Any

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.registry import TRANSFORMS

from ... import config_values
from ..reading import as_stored, is_array, read_bytes, read_raw, refuse_several, remembered, turns
from ..reading.backends import backend_of, check_decoder
from ..reading.contents import holds_floats
from ..reading.tiff_layout import refuse_misread
from ..reading.white import (
    decode_by_white,
    greatest_of_16_bits,
    is_deep_grey,
    is_signed,
    stated_white,
)
from .trace import read_again_message, was_moved


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Read the image from an image file or a ``.npy`` array.

    Image files are read by mmcv's ``LoadImageFromFile``, those of 16 bits by their upper 8. Arrays
    are (H, W, 3) RGB, (3, H, W) or (H, W) grey, floats in [0, 1] or 8-bit numbers. In both cases
    the result is BGR in 0..255, as expected by mmseg's values of mean and standard deviation.

    Files of 16 bits that use only 10, 12 or 14 of them need ``max_value``, e.g. 4095. PGM, PPM and
    TIFF state such a number themselves; it is heeded unless ``color_type`` is ``'unchanged'``.

    Required keys: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``, and ``img_raw``,
    which is the same object as ``img`` until a transform changes the image.

    Args:
        max_value: Stored number that means white. By default 1 for arrays that are not of 8 bits,
            and the greatest number of the type for all others.
        **kwargs: Arguments of ``LoadImageFromFile``.

    Raises:
        ValueError: If there is no such ``color_type`` or ``imdecode_backend``, or the package of
            the latter is missing, or ``max_value`` is not above 0 or given for ``'unchanged'``.
    """

    def __init__(self, *, max_value: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_decoder(self.color_type, self.imdecode_backend)
        if max_value is not None:
            max_value = config_values.number(max_value, "max_value of LoadImage")
            if not 0 < max_value < float("inf"):
                raise ValueError(
                    f"max_value of LoadImage is {max_value!r}; white is a finite number above 0"
                )
            if self.color_type == "unchanged":
                raise ValueError(
                    f"max_value of LoadImage is {max_value!r}, but color_type='unchanged' reads "
                    "images as they are stored; give one of them"
                )
        self.max_value = max_value

    def transform(self, results: dict) -> dict | None:
        """Read the image.

        Returns:
            The results with ``img`` (H, W, 3), uint8 for image files and 8-bit arrays, else
            float32.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not an image of the expected range, or it has been read and moved.
        """
        path = results["img_path"]
        if "img" in results and was_moved(results):
            raise ValueError(read_again_message(type(self).__name__, results))
        if not is_array(path):
            return self._image_file(results, path)
        raw = _three_channels(read_raw(path, "image", self.backend_args), path)
        if raw.dtype == np.uint8 and self.max_value in (None, 255):
            img = np.ascontiguousarray(raw[..., ::-1])
            if self.to_float32:
                img = img.astype(np.float32)
        else:
            white = self.max_value or 1.0
            low, high = raw.min(), raw.max()
            # "not (... and ...)" also refuses NaN; the tolerance allows for rounding errors
            if not (low >= -1e-3 and high <= white * 1.001):
                raise ValueError(
                    f"{path}: expected an image with numbers in [0, {white:g}], got "
                    f"[{low:g}, {high:g}]; set max_value of LoadImage if white is another number"
                )
            img = np.multiply(raw[..., ::-1], 255.0 / white, dtype=np.float32)
        results["img"] = results["img_raw"] = img
        results["img_shape"] = results["ori_shape"] = img.shape[:2]
        return results

    def _image_file(self, results: dict, path: str) -> dict | None:
        try:
            key = (path, type(self), repr(vars(self)))
            img = remembered(key, lambda: self._decoded(self._content(path), path))
        except Exception:
            if self.ignore_empty:
                return None
            raise
        results["img"] = results["img_raw"] = img.astype(np.float32) if self.to_float32 else img
        results["img_shape"] = results["ori_shape"] = img.shape[:2]
        return results

    def _content(self, path: str) -> bytes:
        if self.file_client_args is None:
            return read_bytes(path, "image", self.backend_args)
        return fileio.FileClient.infer_client(self.file_client_args, path).get(path)

    def check_content(self, content: bytes, path: str) -> None:
        """Check an encoded image as far as is possible without decoding it.

        Raises:
            ValueError: If it is empty, cut off, holds several images, numbers whose white is
                unknown, or channels that would be misread.
        """
        refuse_several(content, path)
        if backend_of(self) == "cv2":
            refuse_misread(content, path)
        if self.color_type == "unchanged":
            return
        if holds_floats(content):
            raise ValueError(
                f"{path}: expected an image with numbers in 0..255, but it holds floats; store it "
                "as PNG, or as .npy with max_value of LoadImage"
            )
        if self.max_value is None and is_signed(content):
            raise ValueError(
                f"{path}: expected an image with numbers in 0..255, but it holds signed numbers; "
                "set max_value of LoadImage to the one that means white"
            )

    def _decoded(self, content: bytes, path: str) -> np.ndarray:
        self.check_content(content, path)
        try:
            img = self._pixels(content, path)
        except Exception as error:  # each decoder raises its own
            if isinstance(error, ValueError) and str(error).startswith(path):
                raise
            raise _no_image(path) from error
        if img is None:
            raise _no_image(path)
        if self.max_value is None and not img.any():
            _refuse_dark(content, path)
        return img

    def _pixels(self, content: bytes, path: str) -> np.ndarray | None:
        backend = backend_of(self)
        if backend not in ("cv2", "pillow"):  # which alone turn TIFF and read PGM
            return mmcv.imfrombytes(content, flag=self.color_type, backend=backend)
        white = self.max_value
        if self.color_type != "unchanged":
            white = white or stated_white(content)
            if backend == "pillow" and is_deep_grey(content):
                backend = "cv2"
        if white is None:
            img = mmcv.imfrombytes(content, flag=self.color_type, backend=backend)
        else:
            img = decode_by_white(content, path, white, self.color_type)
        return img if img is None or turns(self) else as_stored(img, content)


def _three_channels(raw: np.ndarray, path: str) -> np.ndarray:
    """(H, W, 3) of an array: torch's (3, H, W) turned, grey repeated as decoders do."""
    found = raw
    if raw.ndim == 3 and raw.shape[0] in (1, 3) and raw.shape[2] > 4:
        found = np.moveaxis(raw, 0, 2)
    if found.ndim == 2:
        found = found[..., None]
    if found.ndim != 3 or found.shape[2] not in (1, 3) or not found.size:
        raise ValueError(
            f"{path}: expected an image of shape (H, W, 3), or (H, W) if grey, got {raw.shape}"
        )
    return found if found.shape[2] == 3 else np.repeat(found, 3, axis=2)


def _refuse_dark(content: bytes, path: str) -> None:
    """Refuse an image of 16 bits whose numbers all vanish when it is read by its upper 8 bits."""
    greatest = greatest_of_16_bits(content)
    if greatest:
        raise ValueError(
            f"{path}: it has 16 bits, of which the upper 8 are read, and they are all 0: its "
            f"greatest number is {greatest}; store it with 8 bits, or set max_value of LoadImage "
            "to the number that means white"
        )


def _no_image(path: str) -> ValueError:
    return ValueError(f"{path}: expected an image, but it cannot be decoded")
