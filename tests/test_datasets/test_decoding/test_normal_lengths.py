"""Stored normals that are colours are refused by name, unit vectors are accepted."""

import numpy as np
import pytest

from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode

UNIT = np.array(
    [[(0, 0, -1), (0, -1, 0), (0.6, 0, -0.8)], [(0, 0, -1), (-1, 0, 0), (0, 0.8, -0.6)]]
)


def read(raw, **options):
    return decode(raw, Annotation("normal", "normal", dir="n", **options), "n.npy")


@pytest.mark.parametrize("bits", [8, 16, "float"])
def test_frame_and_range_of_a_publisher_with_z_to_the_viewer(bits):
    stored = np.array([[(0.5, 0.5, 1.0), (0.5, 0.0, 0.5), (1.0, 0.5, 0.5)]])
    options = dict(axes=("x", "y", "-z"))
    if bits == "float":
        options.update(scale=2, offset=-1)
        raw = stored.astype(np.float32)
    else:
        raw = np.round(stored * (2**bits - 1)).astype(f"uint{bits}")
    got = read(raw, **options)
    np.testing.assert_allclose(got, [[(0, 0, -1), (0, -1, 0), (1, 0, 0)]], atol=0.01)


@pytest.mark.parametrize("white", [1, 255, 65535])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_colours_without_scale(white, dtype):
    if white == 1 and dtype.startswith("int"):
        return
    raw = ((UNIT + 1) / 2 * white).astype(dtype)
    scale = "2" if white == 1 else f"2/{white}"
    with pytest.raises(ValueError, match=rf"^n\.npy: .*colours 0\.\.{white} .*scale={scale} and"):
        read(raw)
    got = read(raw, scale=2 / white, offset=-1)
    np.testing.assert_allclose(got, UNIT, atol=0.02)


def test_flat_colours_and_a_black_border():
    raw = np.zeros((4, 5, 3), np.float32)
    raw[1:3] = (128, 128, 255)
    with pytest.raises(ValueError, match=r"colours 0\.\.255"):
        read(raw)


def test_colours_of_a_range_of_their_own():
    raw = np.full((2, 2, 3), 900.0)
    with pytest.raises(ValueError, match="vectors of length 1.56e.03 instead of 1, none of whose"):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        (np.full((2, 2, 3), 120, np.uint16), {}),  # eight bits in a file of sixteen
        (np.ones((2, 2, 3), np.uint8), {}),  # fractions cut off
        (UNIT * 0.5 + 0.5, dict(scale=2 / 255, offset=-1)),
        ((UNIT + 1) * 127.5, dict(scale=2, offset=-1)),
        (np.full((2, 2, 3), 255, np.uint8), {}),  # white where there is no normal
    ],
)
def test_a_scale_that_does_not_fit(raw, options):
    with pytest.raises(ValueError, match=r"n\.npy: normal annotation 'normal' has vectors of leng"):
        read(raw, **options)


def test_white_may_mean_missing_normals():
    raw = np.full((1, 3, 3), 255, np.uint8)
    raw[0, 0] = (128, 128, 0)
    got = read(raw, invalid=255)
    assert got[0, 0, 2] < -0.99 and np.isnan(got[0, 1:]).all()


@pytest.mark.parametrize("raw", [UNIT, UNIT * 3, UNIT * 0.4, UNIT * 32767, -UNIT])
def test_vectors_of_any_length_with_both_signs_are_directions(raw):
    got = read(raw)
    np.testing.assert_allclose(np.linalg.norm(got, axis=2), 1, atol=1e-6)
    np.testing.assert_allclose(got, np.sign(raw[0, 0, 2]) * -UNIT, atol=1e-6)


def test_borders_of_zeros_are_fine():
    raw = np.zeros((6, 6, 3))
    raw[2:4, 2:4] = (0.6, 0, 0.8)  # no negative number, and of length one
    got = read(raw)
    assert np.isfinite(got).all(axis=2).sum() == 4 and got[2, 2].tolist() == pytest.approx(
        [0.6, 0, 0.8]
    )


def test_grey_and_black_are_missing():
    raw = np.array([[(0, 0, 0), (127, 127, 127), (128, 128, 128)]], np.uint8)
    assert np.isnan(read(raw)).all()
