"""Opening an image with Pillow, without the formats that are programs.

Pillow goes by a file's content, whatever its ending, and starts Ghostscript for PostScript: a label
called ``1.png`` could be a program. mmcv and mmseg open images with Pillow as well.
"""

from __future__ import annotations

import io
from typing import Any, NoReturn

from PIL import EpsImagePlugin, Image

#: Formats that Pillow decodes itself.
FORMATS = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM"),
    *("SGI", "SUN", "TGA", "TIFF", "WEBP"),
)
_POSTSCRIPT = (b"%!PS", b"\xc5\xd0\xd3\xc6")


def open_with_pillow(content: bytes) -> Image.Image:
    """Open an encoded image, whose pixels are not decoded yet.

    Raises:
        OSError: If it is of none of :data:`FORMATS`.
    """
    Image.init()  # those of this version of Pillow
    known = [name for name in FORMATS if name in Image.OPEN]
    return Image.open(io.BytesIO(content), formats=known)


def refuse_postscript(content: bytes, path: str) -> None:
    """Refuse a program that is given as an image.

    Raises:
        ValueError: If it is PostScript.
    """
    if content.startswith(_POSTSCRIPT):
        raise ValueError(
            f"{path}: expected an image, got PostScript, which is a program and was not run; "
            "store it as PNG"
        )


def never_run_postscript() -> None:
    """Let Pillow refuse PostScript wherever it opens an image; harmless to repeat."""
    plugin: Any = EpsImagePlugin
    plugin.Ghostscript = _refuse


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise OSError("PostScript is a program, and was not run; store the image as PNG")
