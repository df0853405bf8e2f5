"""TIFF files of several channels: read as stored, or refused."""

import struct

import mmcv
import numpy as np
import pytest

from mmlhl.datasets.reading import decode_image
from mmlhl.datasets.transforms import LoadImage

RNG = np.random.default_rng(0)


def tiff(bands, separate=False, photometric=1, extra=None, order="<"):
    """A TIFF file of bands (K, H, W), uncompressed."""
    count, height, width = bands.shape
    bands = bands.astype(bands.dtype.newbyteorder(order))
    planes = list(bands) if separate else [np.ascontiguousarray(bands.transpose(1, 2, 0))]
    tags = {256: width, 257: height, 258: [8 * bands.itemsize] * count, 259: 1, 262: photometric}
    tags.update({277: count, 278: height, 284: 2 if separate else 1})
    tags[339] = [3 if bands.dtype.kind == "f" else 1] * count
    if extra is not None:
        tags[338] = extra
    places, out = [], b""
    for plane in planes:
        places.append(8 + len(out))
        out += plane.tobytes()
    tags.update({273: places, 279: [plane.nbytes for plane in planes]})
    start = 8 + len(out)
    late = start + 2 + 12 * len(tags) + 4
    entries, tail = b"", b""
    for tag in sorted(tags):
        values = np.atleast_1d(tags[tag]).tolist()
        data = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            place, tail = struct.pack(order + "I", late + len(tail)), tail + data
        else:
            place = data
        entries += struct.pack(order + "HHI", tag, 4, len(values)) + place
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start)
    return head + out + struct.pack(order + "H", len(tags)) + entries + bytes(4) + tail


def bands(count, dtype):
    return RNG.integers(1, 200, (count, 6, 8)).astype(dtype)


def load(tmp_path, content, **options):
    (tmp_path / "0.tif").write_bytes(content)
    return LoadImage(**options)(dict(img_path=str(tmp_path / "0.tif")))["img"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "count, dtype, layout",
    [
        (1, "uint8", {}),
        (1, "uint16", {}),
        (1, "float64", {}),
        (3, "uint8", dict(photometric=2)),
        (3, "uint8", dict(photometric=2, separate=True)),
        (3, "uint16", dict(photometric=2)),
        (3, "float32", dict(photometric=2)),
        (3, "float64", dict(photometric=2)),
        (3, "float32", {}),
        (4, "float32", {}),
        (4, "uint16", dict(photometric=2, extra=0)),
        (4, "uint8", dict(photometric=2, extra=0)),
    ],
)
def test_channels_are_as_stored(count, dtype, layout, order):
    stored = bands(count, dtype)
    found = decode_image(tiff(stored, order=order, **layout), "a")
    want = stored[0] if count == 1 else stored.transpose(1, 2, 0)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("separate", [False, True], ids=["together", "separate"])
@pytest.mark.parametrize("count, dtype", [(2, "uint8"), (3, "uint8"), (3, "uint16"), (4, "uint8")])
def test_bands_of_grey_are_refused(tmp_path, count, dtype, separate, order):
    content = tiff(bands(count, dtype), separate, order=order)
    for read in (lambda: decode_image(content, "0.tif"), lambda: load(tmp_path, content)):
        with pytest.raises(ValueError, match=rf"0\.tif: it.* {count} channels .* or .*as \.npy$"):
            read()


@pytest.mark.parametrize("count, dtype", [(3, "uint16"), (4, "uint16"), (3, "float32")])
def test_separate_channels_of_more_than_8_bits_are_refused(tmp_path, count, dtype):
    content = tiff(bands(count, dtype), separate=True, photometric=2)
    options = dict(color_type="unchanged")
    for read in (
        lambda: decode_image(content, "0.tif"),
        lambda: load(tmp_path, content, **options),
    ):
        with pytest.raises(
            ValueError, match=r"0\.tif: its . channels are stored one after another"
        ):
            read()


def test_colours_that_would_be_multiplied_by_transparency(tmp_path):
    stored = bands(4, "uint8")
    content = tiff(stored, photometric=2, extra=2)
    for read in (lambda: decode_image(content, "0.tif"), lambda: load(tmp_path, content)):
        with pytest.raises(ValueError, match=r"0\.tif: its fourth channel is marked as transparen"):
            read()
    stored[3] = 255
    content = tiff(stored, photometric=2, extra=2)
    np.testing.assert_array_equal(decode_image(content, "a"), stored.transpose(1, 2, 0))
    np.testing.assert_array_equal(load(tmp_path, content), stored[2::-1].transpose(1, 2, 0))


def test_other_decoders_read_them(tmp_path):
    stored = bands(4, "uint8")
    content = tiff(stored, photometric=2, extra=2)
    found = load(tmp_path, content, imdecode_backend="pillow")
    np.testing.assert_array_equal(found, stored[2::-1].transpose(1, 2, 0))


@pytest.mark.parametrize(
    "option, value, message",
    [
        ("color_type", "colour", r"'colour'; did you mean 'color'\?; it must be one of"),
        ("color_type", "gray", r"'gray'.*; it must be one of"),
        ("color_type", 1, "1; it must be one of"),
        ("imdecode_backend", "opencv", "'opencv'.*; it must be one of"),
        ("imdecode_backend", "tifffile", "'tifffile', whose package is not loaded; 'pip install"),
        ("imdecode_backend", "turbojpeg", "'turbojpeg', whose package is not loaded; mmcv.use_b"),
    ],
)
def test_decoders_that_do_not_exist(monkeypatch, option, value, message):
    monkeypatch.setattr(mmcv.image.io, "tifffile", None)
    monkeypatch.setattr(mmcv.image.io, "jpeg", None)
    with pytest.raises(ValueError, match=f"^{option} of LoadImageFromFile is {message}"):
        LoadImage(**{option: value})


@pytest.mark.parametrize("count", [10, 12, 14])
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_odd_bits_are_refused_as_labels(tmp_path, count, order):
    content = tiff(bands(1, np.uint16), order=order)
    tag = struct.pack(order + "HHII", 258, 4, 1, 16)
    content = content.replace(tag, struct.pack(order + "HHII", 258, 4, 1, count))
    with pytest.raises(ValueError, match=rf"0\.tif: it stores {count} bits a number"):
        decode_image(content, "0.tif")
