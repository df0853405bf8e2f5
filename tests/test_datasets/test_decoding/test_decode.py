"""Decoding stored numbers to maps: encodings, fill values, and messages for broken files."""

import math

import numpy as np
import pytest

from mmlhl.datasets import Annotation
from mmlhl.datasets.decoding import decode


def annotation(kind, **kwargs):
    return Annotation.from_config("task", dict(kind=kind, dir="x", **kwargs))


def test_class_ids_and_ignored():
    raw = np.array([[0, 2, 255]], np.uint8)
    assert decode(raw, annotation("classes", num_classes=3), "f").tolist() == [[0, 2, 255]]
    raw = np.array([[0, 2, -1]], np.int64)
    assert decode(raw, annotation("classes", num_classes=3), "f").tolist() == [[0, 2, 255]]
    void = annotation("classes", num_classes=3, ignore=(11, 255))
    assert decode(np.array([[11, 1]], np.uint8), void, "f").tolist() == [[255, 1]]


def test_id_map():
    ann = annotation("classes", num_classes=2, id_map={7: 0, 8: 1, 1000: 1, 0: 255})
    raw = np.array([[7, 8, 0, 1000]], np.uint16)
    assert decode(raw, ann, "f").tolist() == [[0, 1, 255, 1]]
    with pytest.raises(ValueError, match=r"f: class id out of range.*got 9 .*\[0, 7, 8, 1000\]"):
        decode(np.array([[9]], np.uint8), ann, "f")
    # a config that went through a file has strings as keys
    ann = annotation("classes", num_classes=2, id_map={"7": 0, "8": 1})
    assert decode(np.array([[8]], np.uint8), ann, "f").tolist() == [[1]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.array([[0, 3]], np.uint8), r"a/b\.png: class id out of range.*got 3 .*0\.\.2"),
        (np.array([[0, -2]], np.int32), "got -2 in 1 pixels"),
        (np.array([[70000]], np.int64), "got 70000"),
        (np.zeros((2, 2, 3), np.uint8), r"expected one channel.*got 3 \(shape \(2, 2, 3\)\)"),
        (np.array([[0.5]]), "whole numbers"),
        (np.array([[math.nan]]), "whole numbers"),
        (np.zeros(4), r"shape \(H, W\)"),
        (np.full((2, 3), 255, np.uint8), r"a/b\.png: every pixel.*void; expected at least one"),
        (np.full((2, 3), -1, np.int64), "allow_void=True"),
    ],
)
def test_broken_labels(raw, message):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=message):
        decode(raw, annotation("classes", num_classes=3), "a/b.png")


def test_void_images_of_sets_that_have_them():
    ann = annotation("classes", num_classes=3, allow_void=True)
    assert decode(np.full((1, 2), 255, np.uint8), ann, "f").tolist() == [[255, 255]]


def test_binary():
    ann = annotation("binary")
    assert decode(np.array([[0, 1, 255]], np.uint8), ann, "f").tolist() == [[0, 1, 255]]
    with pytest.raises(ValueError, match="got 128; set 'threshold'"):
        decode(np.array([[128]], np.uint8), ann, "f")
    grey = annotation("binary", threshold=127.5, ignore=())
    assert decode(np.array([[0, 127, 128, 255]], np.uint8), grey, "f").tolist() == [[0, 0, 1, 1]]


def test_depth_scale_offset_and_marks():
    ann = annotation("depth", scale=0.001)
    out = decode(np.array([[0, 1500]], np.uint16), ann, "f")
    assert out.dtype == np.float32 and np.isnan(out[0, 0]) and out[0, 1] == pytest.approx(1.5)
    # Taskonomy: 1/512 m, 65535 unmeasured
    ann = annotation("depth", scale=1 / 512, invalid=65535)
    out = decode(np.array([[65535, 512]], np.uint16), ann, "f")
    assert np.isnan(out[0, 0]) and out[0, 1] == 1.0
    # Cityscapes: (p - 1) / 256 for p > 0; p = 1 is infinitely far and cannot be learned from
    ann = annotation("depth", scale=1 / 256, offset=-1 / 256, inverse=True)
    out = decode(np.array([[0, 1, 257]], np.uint16), ann, "f")
    assert np.isnan(out[0, :2]).all() and out[0, 2] == 1.0
    out = decode(np.array([[[1.0], [20.0]]]), annotation("depth", max_value=10), "f")
    assert out[0, 0] == 1 and np.isnan(out[0, 1])


def test_broken_depth():
    with pytest.raises(ValueError, match="f: negative depth -2"):
        decode(np.array([[1.0, -2.0]]), annotation("depth"), "f")
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="f: NaN or infinity in depth.*'invalid'"):
            decode(np.array([[1.0, bad]]), annotation("depth"), "f")
    out = decode(np.array([[1.0, math.nan]]), annotation("depth", invalid=("nan", 0)), "f")
    assert np.isnan(out[0, 1]) and out[0, 0] == 1
    with pytest.raises(ValueError, match="one channel as depth"):
        decode(np.zeros((2, 2, 3), np.uint8), annotation("depth"), "f")


def test_all_unmeasured_depth_is_fine():
    assert np.isnan(decode(np.zeros((2, 2), np.uint16), annotation("depth"), "f")).all()


def test_decoding_does_not_change_the_stored_array():
    raw = np.array([[0.0, 2.0]], np.float32)
    decode(raw, annotation("depth"), "f")
    assert raw.tolist() == [[0, 2]]


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_normals_from_images(dtype, top):
    normal = np.array([0.6, 0.0, -0.8])
    stored = np.round((normal + 1) / 2 * top).astype(dtype)
    raw = np.stack([stored, np.zeros(3, dtype), np.full(3, (top + 1) // 2, dtype)])[None]
    out = decode(raw, annotation("normal"), "f")
    np.testing.assert_allclose(out[0, 0], normal, atol=3 / top)
    assert np.linalg.norm(out[0, 0]) == pytest.approx(1, abs=1e-6)
    assert np.isnan(out[0, 1:]).all()  # zeros and mid-grey mean "no normal"


def test_normals_from_arrays_and_other_frames():
    raw = np.array([[[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]]])
    out = decode(raw, annotation("normal"), "f")
    assert np.isnan(out[0, 0]).all()
    np.testing.assert_allclose(out[0, 1], [0, 0.6, 0.8], rtol=1e-6)
    out = decode(raw, annotation("normal", axes=("z", "-y", "-x")), "f")
    np.testing.assert_allclose(out[0, 1], [0.8, -0.6, 0], rtol=1e-6)
    with pytest.raises(ValueError, match="NaN or infinity in normal"):
        decode(raw * math.nan, annotation("normal"), "f")
    with pytest.raises(ValueError, match="three channels"):
        decode(raw[..., 0], annotation("normal"), "f")
    with pytest.raises(ValueError, match="x, y and z once each"):
        annotation("normal", axes=("x", "x", "z"))


def test_channels():
    out = decode(np.array([[0, 65535]], np.uint16), annotation("channels", scale=1 / 65535), "f")
    assert out.tolist() == [[0, 1]]
    assert decode(np.zeros((2, 3, 2)), annotation("channels"), "f").shape == (2, 3, 2)
    assert decode(np.zeros((2, 3, 1)), annotation("channels"), "f").shape == (2, 3)
    ann = annotation("channels", invalid=(7,))
    assert np.isnan(decode(np.array([[7, 8]], np.uint8), ann, "f")).tolist() == [[True, False]]


@pytest.mark.parametrize("kind", ["classes", "binary", "depth", "normal"])
@pytest.mark.parametrize("rows", [1, 2, 3, 6])
def test_arrays_with_channels_first(kind, rows):
    raw = np.zeros((rows, 8, 3)) + [0.6, 0, -0.8]
    wanted = decode(raw if kind == "normal" else (raw[..., 0] > 0) + 0, annotation(kind), "f")
    first = raw.transpose(2, 0, 1) if kind == "normal" else (raw[None, ..., 0] > 0) + 0
    assert np.array_equal(decode(first, annotation(kind), "f"), wanted)


def test_channels_that_are_no_first_axis():
    for kind, shape in (("depth", (3, 6, 8)), ("normal", (1, 6, 8)), ("normal", (6, 8, 4))):
        with pytest.raises(ValueError, match=r"expected (one|three) channel.*got"):
            decode(np.ones(shape), annotation(kind), "f")
    assert decode(np.ones((3, 6, 8)), annotation("channels"), "f").shape == (3, 6, 8)
    rgba = np.full((6, 8, 4), (128, 128, 0, 7), np.uint8)
    with pytest.raises(ValueError, match=r"channels=\(0, 1, 2\) takes the first three"):
        decode(rgba, annotation("normal"), "f")
    assert decode(rgba, annotation("normal", channels=(0, 1, 2)), "f").shape == (6, 8, 3)
