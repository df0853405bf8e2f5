"""Images in which white is another number than 255 or 65535, and what is unknown is refused."""

import cv2
import mmcv
import numpy as np
import pytest

from mmlhl.datasets.transforms import LoadImage

COLOURS = np.random.default_rng(0).integers(0, 256, (5, 7, 3))
COLOURS[0, 0], COLOURS[0, 1] = 0, 255
BACKENDS = ["cv2", "pillow", None]


def read(path, content, **options):
    content = content if isinstance(content, bytes) else cv2.imencode(path.suffix, content)[1]
    path.write_bytes(bytes(content))
    return LoadImage(**options)(dict(img_path=str(path)))["img"]


def stored(white):
    return np.rint(COLOURS / 255 * white).astype(np.uint16)


def shown(white):
    return np.rint(stored(white) * (255 / white)).astype(np.uint8)


def netpbm(kind, numbers, white):
    numbers = numbers[..., 0] if kind in "P2P5" else numbers
    head = f"{kind}\n# a comment\n7 5\n{white}\n".encode()
    if kind in "P2P3":
        return head + " ".join(map(str, numbers.ravel())).encode() + b"\n"
    return head + numbers.astype(">u2" if white > 255 else np.uint8).tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("white", [200, 255, 1023, 4095, 10000, 16383, 65535])
def test_the_number_of_white_is_given(tmp_path, white, suffix, backend):
    options = dict(max_value=white, imdecode_backend=backend)
    image = read(tmp_path / f"a{suffix}", stored(white), **options)
    assert image.dtype == np.uint8 and np.array_equal(image, shown(white))
    grey = read(tmp_path / f"b{suffix}", stored(white)[..., 0], **options)
    assert np.array_equal(grey, np.stack([shown(white)[..., 0]] * 3, -1))
    flat = dict(options, color_type="grayscale", to_float32=True)
    one = read(tmp_path / f"c{suffix}", stored(white)[..., 0], **flat)
    assert one.dtype == np.float32 and np.array_equal(one, shown(white)[..., 0])


@pytest.mark.parametrize("kind", [np.uint16, np.int64, np.float32, np.uint8])
def test_arrays_with_that_number(tmp_path, kind):
    white = 200 if kind == np.uint8 else 4095
    np.save(tmp_path / "a.npy", stored(white)[..., ::-1].astype(kind))
    image = LoadImage(max_value=white)(dict(img_path=str(tmp_path / "a.npy")))["img"]
    assert np.abs(image - stored(white) * (255 / white)).max() < 1e-3


def test_without_it_16_bits_are_read_as_mmseg_does(tmp_path):
    image = read(tmp_path / "a.png", stored(65535))
    assert np.array_equal(image, mmcv.imread(str(tmp_path / "a.png")))
    assert np.array_equal(image, stored(65535) >> 8)


@pytest.mark.parametrize(
    ("white", "content", "message"),
    [
        (4095, COLOURS.astype(np.uint8), r"its numbers are of 0\.\.255, but max_value .* 4095"),
        (4095, stored(4096), r"in \[0, 4095\], got \[0, 4096\]; set max_value"),
        (254, COLOURS.astype(np.uint8), r"in \[0, 254\], got \[0, 255\]"),
        (70000, stored(65535), r"of 0\.\.65535, but max_value"),
    ],
)
def test_images_that_contradict_it(tmp_path, white, content, message):
    with pytest.raises(ValueError, match=rf"a\.png: .*{message}"):
        read(tmp_path / "a.png", content, max_value=white)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "white", True, [255]])
def test_numbers_that_are_no_white(value):
    with pytest.raises(ValueError, match="max_value of LoadImage"):
        LoadImage(max_value=value)


def test_it_has_no_effect_on_images_as_they_are_stored():
    with pytest.raises(ValueError, match="color_type='unchanged' reads images as they are stored"):
        LoadImage(max_value=4095, color_type="unchanged")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
@pytest.mark.parametrize("white", [1, 15, 100, 255, 1023, 4095, 65535])
def test_netpbm_files_state_their_white(tmp_path, kind, white, backend):
    name = tmp_path / ("a.pgm" if kind in "P2P5" else "a.ppm")
    image = read(name, netpbm(kind, stored(white), white), imdecode_backend=backend)
    expected = shown(white)[..., ::-1] if kind in "P3P6" else shown(white)[..., :1]
    assert np.abs(image.astype(int) - expected).max() <= 1  # OpenCV rounds text down


def test_netpbm_files_as_they_are_stored(tmp_path):
    content = netpbm("P6", stored(4095), 4095)
    image = read(tmp_path / "a.ppm", content, color_type="unchanged")
    assert np.array_equal(image[..., ::-1], stored(4095))


def test_pam_files_whose_channels_opencv_exchanges(tmp_path):
    head = b"P7\nWIDTH 7\nHEIGHT 5\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"
    with pytest.raises(ValueError, match=r"a\.pam: .*PAM with DEPTH 3 is not read; use PNG"):
        read(tmp_path / "a.pam", head + COLOURS.astype(np.uint8).tobytes())


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_pillow_does_not_clip_grey_of_16_bits(tmp_path, suffix):
    grey = stored(65535)[..., 0]
    one = read(tmp_path / f"a{suffix}", grey, imdecode_backend="pillow")
    other = read(tmp_path / f"a{suffix}", grey, imdecode_backend="cv2")
    assert np.array_equal(one, other) and len(np.unique(one)) > 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_signed_numbers_have_no_known_white(tmp_path, backend):
    signed = (stored(30000)).astype(np.int16)
    with pytest.raises(ValueError, match=r"a\.tif: .*it holds signed numbers; set max_value"):
        read(tmp_path / "a.tif", signed, imdecode_backend=backend)
    image = read(tmp_path / "a.tif", signed, imdecode_backend=backend, max_value=30000)
    assert np.array_equal(image, shown(30000))
    with pytest.raises(ValueError, match=r"a\.tif: .*got \[-"):
        read(tmp_path / "a.tif", signed - 9, imdecode_backend=backend, max_value=30000)


def test_images_of_wide_range_are_floats(tmp_path):
    with pytest.raises(ValueError, match=r"a\.hdr: .*it holds floats"):
        read(tmp_path / "a.hdr", COLOURS.astype(np.float32))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_images_of_16_bits_of_which_nothing_would_be_left(tmp_path, suffix):
    with pytest.raises(ValueError, match=r"a\.\w+: it has 16 bits, .* greatest number is 100; "):
        read(tmp_path / f"a{suffix}", stored(100))
    assert not read(tmp_path / f"a{suffix}", stored(100) * 0).any()  # an image at night
