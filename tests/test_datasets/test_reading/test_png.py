import numpy as np
import pytest

from mmlhl.datasets.reading.png import HEADER_BYTES, PngHeader, png_header

from .png import GREY, PALETTE, RGB, png


@pytest.mark.parametrize("bits, colour", [(1, GREY), (4, PALETTE), (16, RGB)])
def test_header(bits, colour):
    content = png(np.ones((3, 300, 3) if colour == RGB else (3, 300)), bits, colour)
    assert png_header(content) == PngHeader(300, 3, bits, colour)
    assert png_header(content[:HEADER_BYTES]) == PngHeader(300, 3, bits, colour)
    assert png_header(content[: HEADER_BYTES - 1]) is None
    assert png_header(b"\xff\xd8" + content) is None
