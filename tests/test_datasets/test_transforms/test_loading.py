"""Reading files: broken ones are named; images without annotations pass."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets import Annotation
from mmlhl.datasets.transforms import (
    LoadImage,
    LoadMultiTaskAnnotations,
    PackMultiTaskInputs,
    SobelEdges,
)


def load(tmp_path, array, name="a.png", shape=(2, 3), **cfg):
    path = tmp_path / name
    if array is not None:
        np.save(path, array) if name.endswith(".npy") else cv2.imwrite(str(path), array)
    ann = Annotation.from_config("task", dict(dir="x", **cfg))
    results = dict(
        ann_specs=dict(task=ann), ann_paths=dict(task=str(path)), ori_shape=shape, img_path="i.png"
    )
    return LoadMultiTaskAnnotations()(results)


def test_other_size_than_the_image(tmp_path):
    with pytest.raises(ValueError, match=r"a\.png: depth.*is 4x5.*expected 2x3.*i\.png"):
        load(tmp_path, np.ones((4, 5), np.uint16), kind="depth")


def test_other_resolution_than_the_image(tmp_path):
    for shape in ((8, 12), (16, 24), (300, 449)):
        with pytest.raises(ValueError, match="like its image i.png; resize=True of the ann"):
            load(tmp_path, np.ones((4, 6), np.uint16), kind="depth", shape=shape)
    assert load(tmp_path, np.ones((4, 6), np.uint16), kind="depth", shape=(8, 12), resize=True)[
        "gt_depth_map"
    ].shape == (8, 12)
    with pytest.raises(ValueError, match="like its image i.png$"):
        load(tmp_path, np.ones((4, 6), np.uint16), kind="depth", shape=(8, 13))


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.png: no such file.*'task' of i\.png"):
        load(tmp_path, None, kind="depth")
    (tmp_path / "b.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"b\.png: expected an image"):
        load(tmp_path, None, name="b.png", kind="depth")
    np.save(tmp_path / "c.npy", np.ones((2, 3)))
    content = (tmp_path / "c.npy").read_bytes()
    (tmp_path / "c.npy").write_bytes(content[:-8])
    with pytest.raises(ValueError, match=r"c\.npy: expected a \.npy file"):
        load(tmp_path, None, name="c.npy", kind="depth")
    np.save(tmp_path / "d.npy", np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"d\.npy.*Python objects"):
        load(tmp_path, None, name="d.npy", kind="depth")


def test_palette_images_keep_their_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "p.png")
    results = load(tmp_path, None, name="p.png", kind="classes", num_classes=3)
    assert results["gt_seg_map"].tolist() == [
        [0, 1, 2],
        [2, 1, 0],
    ]
    with pytest.raises(ValueError, match=r"rgb\.png: expected one channel"):
        load(tmp_path, np.zeros((2, 3, 3), np.uint8), name="rgb.png", kind="classes")


def test_sixteen_bit_normals_are_rgb(tmp_path):
    normal = np.zeros((2, 3, 3), np.uint16)
    normal[..., 0] = 65535  # blue: z
    normal[..., 1:] = 32768
    out = load(tmp_path, normal, kind="normal")["gt_normal_map"]
    np.testing.assert_allclose(out[0, 0], [0, 0, 1], atol=1e-4)


def test_fields_and_kinds_are_noted(tmp_path):
    results = load(tmp_path, np.zeros((2, 3), np.uint8), kind="classes", field="human_parts")
    assert results["seg_fields"] == ["gt_human_parts"]
    assert results["dense_fields"] == {"gt_human_parts": "classes"}
    results = load(tmp_path, np.ones((2, 3), np.uint8), kind="depth", inverse=True)
    assert results["inverse_fields"] == ["gt_depth_map"] and results["seg_fields"] == []


def test_images_without_annotations_pass():
    results = dict(img=np.zeros((2, 3, 3), np.uint8), img_path="x.png", ori_shape=(2, 3))
    packed = PackMultiTaskInputs()(LoadMultiTaskAnnotations()(results))
    assert packed["inputs"].shape == (3, 2, 3)
    assert list(packed["data_samples"].keys()) == []
    assert packed["data_samples"].img_path == "x.png"


def test_arrays_as_images(tmp_path):
    path = str(tmp_path / "a.npy")
    image = np.zeros((2, 3, 3), np.float64)
    image[..., 2] = 0.5  # blue
    np.save(path, image)
    results = LoadImage()(dict(img_path=path))
    assert results["img"].dtype == np.float32 and results["img"][0, 0].tolist() == [127.5, 0, 0]
    assert results["img_shape"] == results["ori_shape"] == (2, 3)
    np.save(path, (image * 255).astype(np.uint8))
    assert LoadImage()(dict(img_path=path))["img"][0, 0].tolist() == [127, 0, 0]
    for bad, message in (
        (image * 255, r"a\.npy.*in \[0, 1\], got \[0, 127\.5\].*max_value"),
        (image * np.nan, r"a\.npy.*got \[nan"),
        (image[..., :2], r"\(H, W, 3\), or .* got \(2, 3, 2\)"),
        (image[:0], r"got \(0, 3, 3\)"),
    ):
        np.save(path, bad)
        with pytest.raises(ValueError, match=message):
            LoadImage()(dict(img_path=path))
    np.save(path, image * 255)
    assert LoadImage(max_value=255)(dict(img_path=path))["img"][0, 0].tolist() == [127.5, 0, 0]


@pytest.mark.parametrize("grey", [False, True])
def test_arrays_as_images_in_other_orders(tmp_path, grey):
    path = str(tmp_path / "a.npy")
    image = np.random.RandomState(0).randint(0, 255, (6, 8, 3)).astype(np.uint8)
    image = np.repeat(image[..., :1], 3, 2) if grey else image
    stored = [image, image.transpose(2, 0, 1)]
    stored += [image[..., 0], image[..., :1], image[None, ..., 0]] if grey else []
    for array in stored:
        np.save(path, array)
        assert np.array_equal(LoadImage()(dict(img_path=path))["img"], image[..., ::-1])


def test_image_files_go_through_mmcv(tmp_path):
    path = str(tmp_path / "a.png")
    image = np.random.RandomState(0).randint(0, 255, (2, 3, 3)).astype(np.uint8)
    cv2.imwrite(path, image)
    np.testing.assert_array_equal(LoadImage()(dict(img_path=path))["img"], image)


def test_edges_describe_the_image_on_disk(tmp_path):
    path = str(tmp_path / "a.png")
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, 4:] = 100
    cv2.imwrite(path, image)
    ann = Annotation.from_config("edge", dict(kind="channels", source=SobelEdges(gain=1.0)))
    results = dict(ann_specs=dict(edge=ann), ann_paths={}, img_path=path, ori_shape=(4, 6))
    before = LoadMultiTaskAnnotations()({**results, "img": image})["gt_edge_map"]
    edge = np.float32(400 / (4 * 2**0.5 * 255))
    np.testing.assert_allclose(before[1], [0, 0, 0, edge, edge, 0], rtol=1e-5)
    # test-time augmentation loads annotations after it resized and flipped
    flipped = {**results, "img": image[:, ::-1], "flip": True}
    np.testing.assert_array_equal(LoadMultiTaskAnnotations()(flipped)["gt_edge_map"], before)
    resized = {**results, "img": cv2.resize(image, (12, 8))}
    np.testing.assert_array_equal(LoadMultiTaskAnnotations()(resized)["gt_edge_map"], before)


def test_edges_as_a_transform():
    results = SobelEdges(field="sobel")(dict(img=np.zeros((4, 4, 3), np.uint8)))
    assert results["gt_sobel"].max() == 0 and results["dense_fields"] == {"gt_sobel": "channels"}
    with pytest.raises(ValueError, match="gain"):
        SobelEdges(gain=0)


def test_packing_several_channels():
    results = dict(
        img=np.zeros((2, 3, 3), np.uint8),
        gt_curvature=np.arange(12, dtype=np.float32).reshape(2, 3, 2),
        gt_seg_map=np.full((2, 3), 255, np.uint8),
        valid_map=np.array([[1, 1, 0]] * 2, np.uint8),
        seg_fields=["gt_seg_map"],
        dense_fields={"gt_curvature": "channels"},
        geometry=(dict(kind="flip", by="RandomFlip", direction="horizontal"),),
        flip=True,
        flip_direction="horizontal",
    )
    sample = PackMultiTaskInputs()(results)["data_samples"]
    assert sample.gt_curvature.data.shape == (2, 2, 3)
    assert sample.gt_curvature.data[1, 0].tolist() == [1, 3, 5]
    assert sample.gt_sem_seg.data.dtype.is_floating_point is False
    assert sample.valid_map.data[0].tolist() == [[True, True, False]] * 2
    assert sample.flip is True and sample.flip_direction == "horizontal"


@pytest.mark.parametrize("wrong", [3, 254, 300, -1, 0.5, np.nan])
@pytest.mark.parametrize("made_by", ["source", "post"])
def test_ids_that_a_function_makes_are_checked(tmp_path, wrong, made_by):
    """They passed on to the loss, which fails in the middle of a training, or on a GPU for all."""

    def make(value):
        made = np.array([[0, 255, value]] * 2)
        if made_by == "post":
            options = dict(dir="x", post=lambda ids, results: made)
        else:
            options = dict(source=lambda results: dict(gt_parts=made))
        ann = Annotation("parts", "classes", field="parts", num_classes=3, **options)
        cv2.imwrite(str(tmp_path / "a.png"), np.zeros((2, 3), np.uint8))
        paths = dict(parts=str(tmp_path / "a.png"))
        img = np.zeros((2, 3, 3), np.uint8)
        given = dict(ann_specs=dict(parts=ann), ann_paths=paths, img=img, img_path="i.png")
        return LoadMultiTaskAnnotations()(given)["gt_parts"]

    assert make(2).tolist() == [[0, 255, 2]] * 2
    name = "a.png" if made_by == "post" else "i.png"
    with pytest.raises(ValueError, match=rf"{name}: '{made_by}' of .*'parts' gives {wrong} in 2 "):
        make(wrong)


@pytest.mark.parametrize(("kind", "dtype"), [("binary", np.uint8), ("depth", np.float32)])
def test_maps_that_a_function_makes_have_the_types_and_size_of_decoded_ones(kind, dtype):
    """OpenCV resizes no bool, so a mask by comparison failed in the first ``Resize``."""

    def load_made(rows):
        made = lambda results: dict(gt_near_map=results["img"][:rows, :, 0] > 100)  # noqa: E731
        ann = Annotation("near", kind, field="near_map", source=made)
        img = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10
        return LoadMultiTaskAnnotations()(dict(ann_specs=dict(near=ann), img=img))["gt_near_map"]

    assert load_made(2).dtype == dtype and load_made(2).tolist() == [[0, 0, 0], [0, 1, 1]]
    with pytest.raises(ValueError, match=r"'source' of .*'near' .* shape \(1, 3\); expected 2x3"):
        load_made(1)


@pytest.mark.parametrize(
    ("kind", "made", "fault"),
    [
        ("depth", np.full((2, 3), np.inf), "infinity; write NaN"),
        ("depth", np.full((2, 3), -2.0), "the depth -2; write NaN"),
        ("depth", np.ones((2, 3, 3)), r"shape \(2, 3, 3\); expected 1 channel"),
        ("normal", np.ones((2, 3)), r"shape \(2, 3\); expected 3 channel"),
        ("normal", np.full((2, 3, 3), 100.0), "normals of lengths about 173; expected unit"),
        ("normal", np.full((2, 3, 3), 0.3), "normals of lengths about 0.52; expected unit"),
        ("channels", np.full((2, 3, 4), -np.inf), "infinity"),
        ("channels", np.ones((2, 3, 1, 1)), r"shape \(2, 3, 1, 1\)"),
    ],
)
def test_numbers_that_a_function_makes_are_checked(kind, made, fault):
    def load_made(array):
        options = dict(field="made_map", source=lambda results: dict(gt_made_map=array))
        ann = Annotation("made", kind, **options)
        given = dict(ann_specs=dict(made=ann), img=np.zeros((2, 3, 3), np.uint8), img_path="i.png")
        return LoadMultiTaskAnnotations()(given)["gt_made_map"]

    with pytest.raises(ValueError, match=f"^i.png: 'source' of annotation 'made' gives .*{fault}"):
        load_made(made)
    fine = dict(depth=(2, 3), normal=(2, 3, 3), channels=(2, 3, 4))[kind]
    array = np.full(fine, 3**-0.5, np.float32)
    array[0, 0] = np.nan
    np.testing.assert_array_equal(load_made(array), array)
    array[1, 1] = 0  # unmeasured, or a missing normal
    np.testing.assert_array_equal(load_made(array), array)


@pytest.mark.parametrize("given", [None, {}, dict(gt_other=1)])
def test_a_source_that_gives_no_map_is_named(given):
    ann = Annotation("made", "depth", source=lambda results: given)
    sample = dict(ann_specs=dict(made=ann), img=np.zeros((2, 3, 3), np.uint8), img_path="i.png")
    with pytest.raises(ValueError, match="i.png: 'source' of .*'made' gives no 'gt_depth_map'"):
        LoadMultiTaskAnnotations()(sample)


def test_a_made_map_without_any_label_needs_allow_void():
    void = np.full((2, 3), 255)

    def load_made(**options):
        ann = Annotation("made", "classes", source=lambda r: dict(gt_seg_map=void), **options)
        sample = dict(ann_specs=dict(made=ann), img=np.zeros((2, 3, 3), np.uint8), img_path="i.png")
        return LoadMultiTaskAnnotations()(sample)["gt_seg_map"]

    with pytest.raises(ValueError, match="i.png: every pixel of annotation 'made' is void"):
        load_made()
    assert (load_made(allow_void=True) == 255).all()
