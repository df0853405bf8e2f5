"""Labels with an orientation tag are turned as images with one are."""

import io

import mmcv
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.checking import check_samples
from mmlhl.datasets.reading import decode_image, orientation_of

IDS = np.arange(6, dtype=np.uint8).reshape(2, 3)
STEPS = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]


def encoded(image, kind, tag):
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    exif = Image.Exif()
    exif[274] = tag
    options = dict(tiffinfo={274: tag}) if kind == "TIFF" else dict(exif=exif.tobytes())
    image.save(file, kind, **options, **(dict(lossless=True) if kind == "WEBP" else {}))
    return file.getvalue()


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_labels_are_oriented_like_the_displayed_image(kind, tag):
    content = encoded(IDS, kind, tag)
    shown = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert orientation_of(content) == tag
    assert np.array_equal(decode_image(content, "label"), shown)
    assert np.array_equal(mmcv.imfrombytes(content)[..., 0], shown)  # how images are read


@pytest.mark.parametrize("mode", ["P", "1", "I;16"])
def test_palettes_few_bits_and_sixteen_bits(mode):
    stored = dict(
        P=Image.fromarray(IDS).convert("P"),
        **{"1": Image.fromarray(IDS > 2), "I;16": Image.fromarray(IDS.astype(np.uint16) * 999)},
    )[mode]
    whole = np.array(decode_image(encoded(stored, "PNG", 1), "label"))
    turned = decode_image(encoded(stored, "PNG", 6), "label")
    assert np.array_equal(turned, np.rot90(whole, -1)) and turned.max() > 0


def test_lossless_webp_and_unknown_tags():
    grey = np.stack([IDS * 40] * 3, -1)
    assert np.array_equal(decode_image(encoded(grey, "WEBP", 8), "a"), np.rot90(grey))
    assert orientation_of(encoded(IDS, "PNG", 9)) == 1
    assert orientation_of(b"Exif\0\0 of nothing") == 1


@pytest.fixture
def photograph(tmp_path):
    """A camera's JPEG that is stored lying, and its labels."""

    def make(labels, tag=6, kind="classes", load=(), **ann):
        for folder, content in (
            ("image/0.jpg", encoded(np.zeros((16, 24, 3), np.uint8), "JPEG", tag)),
            ("task/0.png", labels if isinstance(labels, bytes) else encoded(labels, "PNG", 1)),
        ):
            (tmp_path / folder).parent.mkdir(exist_ok=True)
            (tmp_path / folder).write_bytes(content)
        return MultiTaskDataset(
            data_root=str(tmp_path),
            img=dict(dir="image", suffix=".jpg"),
            annotations=dict(task=dict(kind=kind, dir="task", field="task_map", **ann)),
            pipeline=[{**STEPS[0], **dict(load)}, STEPS[1]],
        )

    return make


def test_labels_as_shown_and_labels_as_stored(photograph):
    shown, stored = np.zeros((24, 16), np.uint8), np.zeros((16, 24), np.uint8)
    shown[0] = 1
    sample = photograph(shown, num_classes=2)[0]
    assert sample["img"].shape[:2] == (24, 16) and (sample["gt_task_map"][0] == 1).all()
    (notes, _) = check_samples(photograph(shown, num_classes=2))
    assert "1 images have an orientation tag" in " ".join(notes.remarks)
    with pytest.raises(ValueError, match=r"orientation tag \(6\) turns it.*color_ignore_orient"):
        photograph(stored, num_classes=2)[0]
    as_stored = dict(color_type="color_ignore_orientation")
    data = photograph(stored, num_classes=2, load=as_stored)
    assert data[0]["img"].shape[:2] == (16, 24)
    assert not check_samples(data)[0].turned


@pytest.mark.parametrize("color_type", ["unchanged", "color_ignore_orientation"])
def test_ignored_orientation_of_images_is_ignored_for_labels(photograph, color_type):
    stored = np.arange(16 * 24, dtype=np.uint8).reshape(16, 24) % 7
    load = dict(color_type=color_type)
    sample = photograph(encoded(stored, "PNG", 6), load=load, num_classes=7)[0]
    assert sample["img"].shape[:2] == (16, 24) and (sample["gt_task_map"] == stored).all()
    half_round = encoded(stored, "PNG", 3)  # its size would be the same
    assert (photograph(half_round, 3, load=load, num_classes=7)[0]["gt_task_map"] == stored).all()
    turned = photograph(half_round, 3, num_classes=7)[0]["gt_task_map"]
    assert (turned == stored[::-1, ::-1]).all()


def test_normals_do_not_turn_with_their_pixels(photograph):
    normals = np.full((16, 24, 3), (128, 128, 0), np.uint8)
    with pytest.raises(ValueError, match=r"0.png: its orientation tag \(6\) turns the pixels"):
        photograph(encoded(normals, "PNG", 6), kind="normal")[0]
    lying = dict(color_type="unchanged")
    shown = photograph(encoded(normals, "PNG", 6), kind="normal", load=lying)[0]["gt_task_map"]
    assert (shown[..., 2] < -0.9).all()


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("of", ["image", "label"])
def test_tiff_is_turned_only_where_other_files_are(tmp_path, of, tag, backend):
    pixels = np.random.default_rng(tag).integers(0, 200, (4, 6, 3), dtype=np.uint8)
    shown = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(pixels, "PNG", tag)))))
    for color_type, expected in (
        ("color", shown),
        ("color_ignore_orientation", pixels),
        ("unchanged", pixels),
    ):
        lying = np.ascontiguousarray(expected)
        image = encoded(pixels, "TIFF", tag) if of == "image" else encoded(lying, "TIFF", 1)
        label = encoded(lying[..., 0], "TIFF", 1)
        if of == "label":
            label = encoded(pixels[..., 0], "TIFF", tag)
        for folder, content in (("image", image), ("task", label)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "0.tif").write_bytes(content)
        load = dict(STEPS[0], color_type=color_type, imdecode_backend=backend)
        sample = MultiTaskDataset(
            data_root=str(tmp_path),
            img=dict(suffix=".tif"),
            annotations=dict(task=dict(kind="classes", dir="task", suffix=".tif", num_classes=200)),
            pipeline=[load, STEPS[1]],
        )[0]
        assert np.array_equal(sample["img"][..., ::-1], expected)
        assert np.array_equal(sample["gt_seg_map"], expected[..., 0])
