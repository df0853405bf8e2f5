"""Files with several images, truncated files and images of floats, for labels and images."""

import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, features

from mmlhl.datasets.reading import decode_image, read_raw, refuse_several
from mmlhl.datasets.reading.contents import count_images, is_cut_off
from mmlhl.datasets.reading.tiff import tiff_pages
from mmlhl.datasets.transforms import LoadImage

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOURS = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)


def saved(kind, *arrays, **options):
    file = io.BytesIO()
    first, *others = (Image.fromarray(array) for array in arrays)
    first.save(file, kind, **(dict(save_all=True, append_images=others) if others else options))
    return file.getvalue()


def load(tmp_path, content, **options):
    (tmp_path / "0.img").write_bytes(content)
    return LoadImage(**options)(dict(img_path=str(tmp_path / "0.img")))


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_several_images_in_a_file(tmp_path, kind):
    content = saved(kind, COLOURS, 255 - COLOURS)
    with pytest.raises(ValueError, match=r"^a: expected one image, got 2, one after another"):
        decode_image(content, "a")
    with pytest.raises(ValueError, match=r"0\.img: expected one image, got 2"):
        load(tmp_path, content)
    assert count_images(saved(kind, COLOURS)) == 1


def pages(order, *kinds, big=False):
    """A TIFF file of pages of which nothing is known but what they are to others."""
    count, word = ("Q", "Q") if big else ("H", "I")
    out = b"II" if order == "<" else b"MM"
    out += struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8)
    for number, kind in enumerate(kinds):
        value = struct.pack(order + "I", kind).ljust(struct.calcsize(word), b"\0")
        entry = struct.pack(order + count + "HH" + word, 1, 254, 4, 1) + value
        last = number + 1 == len(kinds)
        end = len(out) + len(entry) + struct.calcsize(word)
        out += entry + struct.pack(order + word, 0 if last else end)
    return out


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_smaller_copies_and_masks_are_no_images_of_their_own(order, big):
    assert count_images(pages(order, 0, 1, 1, 4, big=big)) == 1
    assert count_images(pages(order, 0, 0, 1, 2, big=big)) == 3
    assert tiff_pages(pages(order, 0, 1, big=big)[:-5]) == [{254: 0}]


def test_photographs_that_are_cut_off(tmp_path):
    content = cv2.imencode(".jpg", COLOURS)[1].tobytes()
    assert not is_cut_off(content) and load(tmp_path, content)["img"].shape == (24, 32, 3)
    small = saved("JPEG", COLOURS[:8, :8])  # a thumbnail, which ends within the first bytes
    inside = content[:2] + b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small + content[2:]
    assert not is_cut_off(inside + b"what cameras write behind it")
    for cut in (content[:-2], inside[: len(inside) - len(content) // 2], inside[:40]):
        assert is_cut_off(cut)
        with pytest.raises(ValueError, match="the JPEG ends before its pixels do"):
            load(tmp_path, cut)
        assert load(tmp_path, cut, ignore_empty=True) is None
        with pytest.raises(ValueError, match=r"^mask\.jpg: .*the JPEG ends"):
            refuse_several(cut, "mask.jpg")


def test_images_of_floats(tmp_path):
    floats = saved("TIFF", GREY.astype(np.float32) / 11)
    for content in (floats, b"PF\n1 1\n-1.0\n" + bytes(12)):
        with pytest.raises(ValueError, match=r"0\.img: .* it holds floats"):
            load(tmp_path, content)
    assert load(tmp_path, floats, color_type="unchanged")["img"].max() == 1
    with pytest.raises(ValueError, match="of shape"):
        np.save(tmp_path / "0.npy", COLOURS[:0])
        LoadImage()(dict(img_path=str(tmp_path / "0.npy")))


@pytest.mark.parametrize("suffix", [".png", ".npy", ".npz", ".JPG", ".tif"])
def test_placeholders_of_files(tmp_path, suffix):
    path = tmp_path / f"label{suffix}"
    path.write_bytes(b"")
    with pytest.raises(
        ValueError, match=f"label{suffix}: expected an image or an array, but the file is empty$"
    ):
        read_raw(str(path), "label")
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    with pytest.raises(ValueError, match=f"label{suffix}: .* got a pointer of Git LFS"):
        read_raw(str(path), "label")


def claiming(width, height):
    """A PNG whose header claims another size, with a correct checksum."""
    content = bytearray(saved("PNG", GREY))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 4), (4, 2**31 - 1), (2000, 2000)])
@pytest.mark.parametrize("options", [dict(), dict(imdecode_backend="pillow")])
def test_pixels_that_a_file_cannot_hold(tmp_path, size, options):
    with pytest.raises(ValueError, match=r"0\.img.*more pixels than the file can hold"):
        load(tmp_path, claiming(*size), **options)
    with pytest.raises(ValueError, match=r"x\.png.*more pixels than the file can hold"):
        decode_image(claiming(*size), "x.png")


def test_the_most_compressible_image():
    content = saved("PNG", np.zeros((3000, 4000), np.uint8), compress_level=9)
    assert len(content) * 1000 < 3000 * 4000  # near the limit of the compression
    refuse_several(content, "black.png")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["AVIF", "GIF", "BMP", "PNG", "TIFF", "WEBP", "PCX", "TGA", "SGI"])
@pytest.mark.parametrize("place", range(4, 60, 7))
def test_damaged_images_are_named(tmp_path, kind, place):
    """Pillow raises anything for them: NotImplementedError, SyntaxError, RuntimeError, a bomb."""
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    content = bytearray(saved(kind, COLOURS))
    content[place : place + 2] = b"\xff\x7f"
    try:
        load(tmp_path, bytes(content), imdecode_backend="pillow")
    except ValueError as error:
        assert "0.img" in str(error)


def test_pipes_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="pipe.png is a pipe, a device or the like"):
        read_raw(str(tmp_path / "pipe.png"), "annotation 'seg'")
