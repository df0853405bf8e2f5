"""Greys that a palette shows, which are known from the beginning of a file."""

import io

import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets.reading.shown_greys import shown_greys


def _file(format: str, colours: list[int]) -> bytes:
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 4).convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(colours)
    file = io.BytesIO()
    image.save(file, format)
    return file.getvalue()


@pytest.mark.parametrize("format", ["BMP", "GIF", "PNG", "TIFF"])
def test_greys_of_a_palette(format: str) -> None:
    greys = [0, 85, 170, 255]
    found = shown_greys(_file(format, np.repeat(greys, 3).tolist()))
    assert found is not None and found.palette and found.table[:4].tolist() == greys
    assert shown_greys(_file(format, [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])) is None


def test_pixels_of_a_png_are_not_decoded() -> None:
    content = _file("PNG", np.repeat([0, 85, 170, 255], 3).tolist())
    broken = bytearray(content)
    start = content.index(b"IDAT") + 4
    broken[start : start + 8] = b"\0" * 8
    with pytest.raises(OSError), Image.open(io.BytesIO(bytes(broken))) as image:
        image.load()
    found = shown_greys(bytes(broken))
    assert found is not None and found.table[:4].tolist() == [0, 85, 170, 255]
