"""The colours that an image shows, for labels in which a colour means a class."""

from __future__ import annotations

import numpy as np

from .images import decode_image
from .orientation import turned
from .pillow import open_with_pillow


def decode_colours(content: bytes, path: str, turn: bool = True) -> np.ndarray:
    """Colours of an image, also of one that stores them as numbers of a palette or as greys.

    Programs that make PNGs smaller store few colours by a palette, in an order of their own.

    Args:
        content: An encoded image.
        path: Its name, for messages.
        turn: Whether to apply an orientation tag.

    Returns:
        (H, W, 3) uint8 in the order RGB, or (H, W, 4) with transparency; what is stored if that has
        another type or number of channels.

    Raises:
        ValueError: If it is not an image, is cut off, contains several or has an unread layout.
    """
    pixels = decode_image(content, path, turn)
    if pixels.dtype != np.uint8 or (pixels.ndim == 3 and pixels.shape[2] > 2):
        return pixels
    try:
        with open_with_pillow(content) as image:
            clear = "transparency" in image.info or image.mode in ("LA", "PA")
            shown = np.array(image.convert("RGBA" if clear else "RGB"))
    except Exception:  # each of Pillow's formats raises its own
        return pixels
    return turned(shown, content, turn)
