"""PFM files: numbers as stored, whatever the scale in the header."""

import cv2
import numpy as np
import pytest

from mmlhl.datasets import Annotation
from mmlhl.datasets.decoding import decode
from mmlhl.datasets.reading import decode_image

DEPTH = np.random.default_rng(0).uniform(1, 9, (4, 6)).astype(np.float32)


def pfm(pixels, scale="-1.0", gap="\n"):
    order = "<f4" if float(scale) < 0 else ">f4"
    kind = "PF" if pixels.ndim == 3 else "Pf"
    size = f"{pixels.shape[1]} {pixels.shape[0]}"
    head = gap.join([kind, size, scale]) + "\n"
    return head.encode() + np.ascontiguousarray(pixels[::-1]).astype(order).tobytes()


@pytest.mark.parametrize("gap", ["\n", " ", "\n\n"])
@pytest.mark.parametrize("scale", ["-1.0", "1", "-0.003922", "2.5", "-255", "+1e-3"])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3)])
def test_the_scale_changes_no_number(shape, scale, gap):
    pixels = np.broadcast_to(DEPTH.reshape(4, 6, *[1] * (len(shape) - 2)), shape) + 0
    pixels[0, 0] = 99  # the first row is at the top
    assert np.array_equal(decode_image(pfm(pixels, scale, gap), "a.pfm"), pixels)


def test_the_files_of_opencv():
    content = cv2.imencode(".pfm", DEPTH)[1].tobytes()
    assert np.array_equal(decode_image(content, "a.pfm"), DEPTH)


def test_infinity_means_unmeasured():
    stored = np.where(DEPTH > 5, np.inf, DEPTH)
    found = decode_image(pfm(stored), "a.pfm")
    ann = Annotation("depth", "depth", dir="x", invalid="inf")
    assert np.array_equal(np.isnan(decode(found, ann, "a.pfm")), DEPTH > 5)


@pytest.mark.parametrize(
    "content",
    [
        pfm(DEPTH)[:-1],
        pfm(DEPTH)[:-4],
        pfm(DEPTH) + b"more",
        pfm(DEPTH, "0"),
        pfm(DEPTH, "nan"),
        b"Pf\n",
        b"Pf\n6 4\n",
        b"Pf\nsix 4\n-1\n" + bytes(96),
        b"Pf\n6 99999999999999999999\n-1\n" + bytes(96),
    ],
)
def test_broken_files(content):
    with pytest.raises(ValueError, match=r"a\.pfm: expected a PFM image"):
        decode_image(content, "a.pfm")
