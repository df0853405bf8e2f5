"""Images are read as the stored numbers, for any number of bits."""

import importlib.util
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets import Annotation
from mmlhl.datasets.decoding import decode
from mmlhl.datasets.reading import decode_image, is_lossy, read_raw

_spec = importlib.util.spec_from_file_location("png", Path(__file__).with_name("png.py"))
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)
png, chunk = writer.png, writer.chunk
IDS = np.array([[0, 1, 2, 3, 3, 2, 1]] * 4)  # an odd width: rows end in the middle of a byte


@pytest.mark.parametrize("colour", [writer.GREY, writer.PALETTE])
@pytest.mark.parametrize("transparent", [b"", chunk(b"tRNS", b"\0\1")])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_few_bits(bits, colour, transparent):
    ids = np.minimum(IDS, 2**bits - 1)
    raw = decode_image(png(ids, bits, colour, transparent), "label.png")
    assert raw.dtype == np.uint8 and np.array_equal(raw, ids)
    # 150 classes: 17, 34, 85 and 255 would be classes or ignored, without an error
    ann = Annotation("seg", "classes", dir="label", num_classes=150)
    assert np.array_equal(decode(raw, ann, "label.png"), ids)


def test_greatest_number_of_few_bits():
    for bits in (1, 2, 4):
        top = np.full((2, 3), 2**bits - 1)
        assert (decode_image(png(top, bits, writer.GREY), "a.png") == 2**bits - 1).all()


@pytest.mark.parametrize("transparent", [b"", chunk(b"tRNS", b"\0\1")])
def test_sixteen_bits(transparent):
    raw = decode_image(png(IDS * 100, 16, writer.GREY, transparent), "a.png")
    assert raw.dtype == np.uint16 and np.array_equal(raw, IDS * 100)
    ann = Annotation("seg", "classes", dir="x", id_map={0: 0, 100: 1, 200: 2}, ignore=300)
    assert decode(raw, ann, "a.png")[0].tolist() == [0, 1, 2, 255, 255, 2, 1]


@pytest.mark.parametrize("bits", [8, 16])
def test_alpha(bits):
    opaque = np.full(IDS.shape, 2**bits - 1)
    raw = decode_image(png(np.stack([IDS, opaque], 2), bits, writer.GREY_ALPHA), "a.png")
    assert raw.shape == (*IDS.shape, 2) and np.array_equal(raw[..., 0], IDS)
    ann = Annotation("seg", "classes", dir="x", num_classes=4)
    assert np.array_equal(decode(raw, ann, "a.png"), IDS)  # opaque everywhere: no information
    clear = png(np.stack([IDS, opaque - IDS], 2), bits, writer.GREY_ALPHA)
    with pytest.raises(ValueError, match="expected one channel.*got 2.*'channels' takes one"):
        decode(decode_image(clear, "a.png"), ann, "a.png")
    first = Annotation("seg", "classes", dir="x", num_classes=4, channels=0)
    assert np.array_equal(decode(decode_image(clear, "a.png"), first, "a.png"), IDS)
    normal = np.stack([opaque // 2 + 1, opaque // 2 + 1, 0 * IDS, opaque], 2)
    raw = decode_image(png(normal, bits, writer.RGBA), "n.png")
    got = decode(raw, Annotation("normal", "normal", dir="n"), "n.png")
    assert got[0, 0].tolist() == pytest.approx([0, 0, -1], abs=0.01)
    # a cut-out's alpha as a mask
    cut = Annotation("mask", "binary", dir="m", channels=(3,), threshold=127)
    assert (decode(raw, cut, "n.png") == 1).all()


def test_three_channels_are_refused_or_one_is_taken():
    raw = decode_image(png(np.stack([IDS, IDS, 2 * IDS], 2), 8, writer.RGB), "a.png")
    ann = dict(name="seg", kind="classes", dir="x", num_classes=4)
    with pytest.raises(ValueError, match=r"^a\.png: expected one channel.*got 3"):
        decode(raw, Annotation(**ann), "a.png")
    assert np.array_equal(decode(raw, Annotation(**ann, channels=1), "a.png"), IDS)
    twice = decode_image(
        png(np.stack([IDS] * 3, 2), 8, writer.RGB, chunk(b"tRNS", b"\0\1" * 3)), "a"
    )
    assert twice.shape == (*IDS.shape, 3)  # a transparent colour is no channel


@pytest.mark.parametrize("kind", ["classes", "binary", "depth", "normal", "channels"])
@pytest.mark.parametrize("channels", [1, (0, 1, 2), (3,)])
def test_a_grey_file_has_channel_0_alone(kind, channels):
    grey = np.uint8([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match=r"^a\.npy: annotation 'x' takes channels .* has 1$"):
        decode(grey, Annotation("x", kind, dir="x", channels=channels), "a.npy")
    if kind == "normal":
        return
    for raw in (grey, grey[..., None]):
        found = decode(raw, Annotation("x", kind, dir="x", channels=0), "a.npy")
        np.testing.assert_array_equal(np.nan_to_num(found), grey)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "GIF"])
def test_palettes_elsewhere(kind):
    image = Image.frombytes("P", (7, 4), IDS.astype(np.uint8).tobytes())
    image.putpalette([(7 * i + 40) % 256 for i in range(768)])
    stream = io.BytesIO()
    image.save(stream, kind)
    assert np.array_equal(decode_image(stream.getvalue(), "a"), IDS)


@pytest.mark.parametrize(("mode", "dtype"), [("I;16", np.uint16), ("F", np.float32), ("1", bool)])
def test_tiff(mode, dtype):
    stored = (IDS > 1) if dtype is bool else (IDS / 4 if dtype is np.float32 else IDS * 9000)
    stream = io.BytesIO()
    Image.fromarray(stored.astype(dtype)).save(stream, "TIFF")
    assert np.array_equal(decode_image(stream.getvalue(), "a.tif"), stored.astype(dtype))


def test_compression_that_changes_ids(tmp_path):
    noise = np.random.default_rng(0).integers(0, 4, (16, 16)).astype(np.uint8)
    for name, options in (("0.jpg", []), ("1.webp", [cv2.IMWRITE_WEBP_QUALITY, 50])):
        cv2.imwrite(str(tmp_path / name), noise, options)
        path = str(tmp_path / name)
        assert is_lossy((tmp_path / name).read_bytes())
        with pytest.raises(ValueError, match=f"{name}: JPEG and other lossy compression change"):
            read_raw(path, "classes annotation 'seg'", exact=True)
        assert read_raw(path, "depth").shape[:2] == (16, 16)
    # the content counts, not the name
    (tmp_path / "2.png").write_bytes((tmp_path / "0.jpg").read_bytes())
    with pytest.raises(ValueError, match="change the numbers"):
        read_raw(str(tmp_path / "2.png"), "classes annotation 'seg'", exact=True)
    lossless = cv2.imencode(".webp", np.stack([noise] * 3, 2), [cv2.IMWRITE_WEBP_QUALITY, 101])[1]
    assert not is_lossy(lossless.tobytes())


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"II*\0", png(IDS, 8, writer.PALETTE)[:60]])
def test_broken_files_are_named(content):
    with pytest.raises(ValueError, match=r"^label\.png: expected an image"):
        decode_image(content, "label.png")


def test_bits_that_are_stored_as_black_and_white():
    """In a PBM file 1 is black; in a TIFF file that says so, 0 is white. Ids are what is stored."""
    bits = np.array([[0, 1, 0, 1, 1, 0, 1]], np.uint8)
    assert decode_image(b"P1\n7 1\n0 1 0 1 1 0 1\n", "a.pbm").tolist() == bits.tolist()
    grey = np.array([[0, 7, 200]], np.uint8)
    file = io.BytesIO()
    Image.fromarray(255 - grey).save(file, "TIFF", tiffinfo={262: 0})
    with Image.open(io.BytesIO(file.getvalue())) as image:
        kept = image.tag_v2[262] == 0  # some versions of Pillow write their own
    assert (
        decode_image(file.getvalue(), "a.tif").tolist() == (grey if kept else 255 - grey).tolist()
    )


@pytest.mark.parametrize("greatest", [1, 2, 20, 149, 254, 255, 1000])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_portable_maps_with_a_greatest_number_of_their_own(kind, greatest):
    ids = np.arange(greatest + 1)[None]
    ids = np.stack([ids] * 3, 2) if kind in (3, 6) else ids
    header = f"P{kind}\n# 7 8 9\n{ids.shape[1]} 1 {greatest}\n".encode()
    body = ids.astype(">u2" if greatest > 255 else "u1").tobytes()
    if kind < 4:
        body = " ".join(str(number) for number in ids.ravel()).encode() + b"\n"
    assert decode_image(header + body, "a.pgm").tolist() == ids.tolist()


def test_bits_in_a_pam_file_are_refused():
    for kind, top in (("GRAYSCALE", 1), ("GRAYSCALE", 2)):
        header = f"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL {top}\nTUPLTYPE {kind}\nENDHDR\n"
        if top == 1:
            with pytest.raises(ValueError, match=r"^a\.pam: .*MAXVAL 1"):
                decode_image(header.encode() + b"\0\1", "a.pam")
        else:
            assert decode_image(header.encode() + b"\0\1", "a.pam").tolist() == [[0, 1]]


def test_compression_that_changes_ids_inside_of_other_formats():
    for kind, options in (
        ("TIFF", dict(compression="jpeg")),
        ("JPEG2000", dict(irreversible=True)),
    ):
        file = io.BytesIO()
        Image.fromarray(np.uint8(IDS)).save(file, kind, **options)
        assert is_lossy(file.getvalue()), kind
    for kind, options in (
        ("TIFF", dict(compression="tiff_lzw")),
        ("JPEG2000", {}),
    ):
        file = io.BytesIO()
        Image.fromarray(np.uint8(IDS)).save(file, kind, **options)
        assert not is_lossy(file.getvalue()), kind


@pytest.mark.parametrize(
    ("content", "way"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "; a 'reader' decodes other formats$"),
        (b"v/1\x01" + bytes(99), "OPENCV_IO_ENABLE_OPENEXR=1; store it as .npy or PFM$"),
    ],
)
def test_other_formats(content, way):
    with pytest.raises(ValueError, match=f"^a: expected an image, but it cannot be decoded.*{way}"):
        decode_image(content, "a")
