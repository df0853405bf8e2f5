"""Options of annotations and datasets: a single value is a list, a string is not names."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmseg.registry import DATASETS

from mmlhl import config_values
from mmlhl.datasets import Annotation, MultiTaskDataset, PascalMultiTaskDataset
from mmlhl.datasets.transforms import (
    LoadImage,
    LoadMultiTaskAnnotations,
    MultiTaskRandomScaleCrop,
    PackMultiTaskInputs,
    SobelEdges,
)
from mmlhl.evaluation.metrics import SegmentationMetric


def annotation(kind="classes", **options):
    return Annotation.from_config("task", dict(dict(kind=kind, dir="x"), **options))


PARTS = dict(parts=dict(kind="classes", dir="x", field="parts_map", classes=("a", "b")))
THREE = dict(parts=dict(kind="classes", dir="x", field="parts_map", num_classes=3))
LABEL, DEPTH = dict(kind="classes", dir="label"), dict(kind="depth", dir="depth")


@pytest.mark.parametrize(
    ("kind", "key", "one", "listed"),
    [
        ("classes", "ignore", 255, (255,)),
        ("classes", "ignore", [11, 255], (11, 255)),
        ("classes", "ignore", np.uint8(7), (7,)),
        ("binary", "ignore", -1, (-1,)),
        ("classes", "channels", 0, (0,)),
        ("classes", "channels", np.array([1, 2]), (1, 2)),
        ("depth", "invalid", 0, (0,)),
        ("depth", "invalid", "inf", (float("inf"),)),
        ("normal", "invalid", [128.0], (128.0,)),
        ("normal", "axes", ["x", "-y", "z"], ("x", "-y", "z")),
        ("classes", "classes", ["a", "b"], ("a", "b")),
        ("classes", "dir", Path("x/y"), "x/y"),
    ],
)
def test_one_value_or_several(kind, key, one, listed):
    assert getattr(annotation(kind, **{key: one}), key) == listed


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (
            "classes",
            dict(classes="person"),
            r"\['classes'\] is the string 'person'; .* \['person'\]",
        ),
        ("classes", dict(classes=("a", 1)), "1 in it is not a name"),
        ("classes", dict(palette="red"), "list of colours"),
        ("classes", dict(palette=[[0, 0]]), "three numbers"),
        ("classes", dict(ignore="void"), r"\['ignore'\] is 'void'; it must be a number"),
        ("classes", dict(ignore={1: 2}), "list of them"),
        ("classes", dict(num_classes=0), r"within 1\.\.253"),
        ("classes", dict(num_classes=254), r"within 1\.\.253"),
        ("classes", dict(num_classes=2.5), "whole number"),
        ("classes", dict(num_classes=True), "must be a number"),
        ("classes", dict(id_map={0.5: 0}), "whole number"),
        ("classes", dict(id_map={1: 0, 2: 1, "1": 2}), "gives id 1 twice"),
        ("classes", dict(label_map={0: 0, "0": 1}), "gives id 0 twice"),
        ("classes", dict(channels=()), "counted from 0"),
        ("classes", dict(channels="red"), "must be a number"),
        ("classes", dict(allow_void="yes"), "True or False"),
        ("classes", dict(suffix=(".png", ".jpg")), "one string"),
        ("classes", dict(dir=["a", "b"]), "one string"),
        ("binary", dict(threshold="half"), "must be a number"),
        ("binary", dict(threshold=float("nan")), "finite number"),
        ("binary", dict(threshold=1, id_map={0: 0}), "needs one of them"),
        ("binary", dict(classes=("a", "b", "c")), "two classes, not 3"),
        ("normal", dict(axes=("x", "y")), "x, y and z once each"),
        ("normal", dict(axes=("x", "y", "--z")), "x, y and z once each"),
        ("normal", dict(axes=("-+x", "y", "z")), "x, y and z once each"),
        ("normal", dict(axes=("x", "y", "")), "x, y and z once each"),
        ("depth", dict(max_value=float("nan")), "finite number"),
        ("depth", dict(invalid="nothing"), r"\['invalid'\] is 'nothing'; it must be a number"),
        ("depth", dict(inverse="yes"), "True or False"),
        # without an effect on the kind
        ("classes", dict(scale=0.5), r"\['scale'\] is 0\.5, but has no effect.* that is 'classes'"),
        ("classes", dict(invalid=0), "no effect"),
        ("depth", dict(ignore=255), "no effect"),
        ("depth", dict(classes=("a",)), "no effect"),
        ("depth", dict(axes=("x", "-y", "z")), "no effect"),
        ("normal", dict(max_value=1), "no effect"),
        ("normal", dict(inverse=True), "no effect"),
        ("channels", dict(inverse=True), "no effect"),
        ("binary", dict(reduce_zero_label=True), "no effect"),
        ("channels", dict(dir=None, source="SobelEdges", scale=2), "is made from the image"),
        ("channels", dict(dir=None, source=dict(gain=1)), "needs 'type'"),
        ("channels", dict(dir=None, source=3), "config of a transform"),
    ],
)
def test_invalid_values_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=rf"^annotations\['task'\].*{message}"):
        annotation(kind, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LoadMultiTaskAnnotations(tasks="seg"), "tasks of LoadMultiTaskAnnotations is the"),
        (
            lambda: PackMultiTaskInputs(meta_keys="img_path"),
            "meta_keys of PackMultiTaskInputs is the",
        ),
        (
            lambda: SegmentationMetric(class_names="water"),
            "class_names of SegmentationMetric is the",
        ),
        (lambda: MultiTaskRandomScaleCrop(scales="1.5x"), "scales of MultiTaskRandomScaleCrop"),
        (lambda: PascalMultiTaskDataset(normal_classes="wall"), "normal_classes is 'wall'"),
        (lambda: dataset(tasks="seg"), "tasks is the string 'seg'; it must be a list"),
        (
            lambda: dataset(split=["train", "val"]),
            r"split of MultiTaskDataset is \['train', 'val'\]",
        ),
        (
            lambda: dataset(split="train"),
            "split of MultiTaskDataset is 'train', but no folder has {",
        ),
        (
            lambda: dataset(reduce_zero_label="no"),
            "reduce_zero_label of .* is 'no'; it must be True",
        ),
        (lambda: dataset(ignore_index=0), "ignore_index of .* is 0, but unknown pixels are"),
        (lambda: dataset(test_mode="False"), "test_mode of MultiTaskDataset is 'False'"),
        (lambda: dataset(lazy_init="x"), "lazy_init of MultiTaskDataset is 'x'"),
        (lambda: dataset(serialize_data=2), "serialize_data of MultiTaskDataset is 2"),
        (lambda: dataset(max_refetch=0), "max_refetch of .* is 0; it must be at least 1"),
        (lambda: dataset(part_seed="a"), "part_seed of MultiTaskDataset is 'a'"),
        (lambda: dataset(indices="3"), "indices of MultiTaskDataset is '3'"),
        (lambda: dataset(indices=True), "indices of MultiTaskDataset is True; it must be a num"),
        (lambda: dataset(indices={2, 3}), "indices of MultiTaskDataset is {2, 3}"),
        (lambda: dataset(indices=[1, 2.5]), "indices of MultiTaskDataset .*whole number"),
        (
            lambda: dataset(annotations=dict(a=LABEL, b=LABEL)),
            "'a' and 'b' are both written into the field 'sem_seg'.*field='b_map'",
        ),
        (
            lambda: dataset(annotations=dict(a=LABEL, b={**LABEL, "field": "seg_map"})),
            "'a' and 'b' are both written into the field 'seg_map'",
        ),
        (
            lambda: dataset(annotations=dict(a=LABEL, b=DEPTH, c=DEPTH)),
            "'b' and 'c' are both written into the field 'depth_map'",
        ),
        (
            lambda: dataset(annotations=PARTS, metainfo=dict(parts_map_classes=["b", "a"])),
            r"metainfo\['parts_map_classes'\] of .*\('b', 'a'\).*hold \('a', 'b'\)",
        ),
        (
            lambda: dataset(annotations=THREE, metainfo=dict(parts_map_classes=["a", "b"])),
            "parts_map_classes.*hold 3 classes; name them in the annotation's 'classes'",
        ),
        (
            lambda: dataset(annotations=THREE, metainfo=dict(parts_map_classes="abc")),
            "parts_map_classes.*is the string",
        ),
        (lambda: dataset(part_seed=2**40), "part_seed of .* at least 0 and below 4294967296"),
        (lambda: dataset(part="02"), r"part is '02'; it must be \(index, parts\)"),
        (lambda: dataset(part=3), "part is 3"),
        (lambda: dataset(part=(0.5, 2)), "whole number"),
    ],
)
def test_other_lists(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_one_number_elsewhere():
    assert MultiTaskRandomScaleCrop(scales=1.5).scales == (1.5,)
    post = PascalMultiTaskDataset(normal_classes=440, lazy_init=True).annotations["normals"].post
    assert post.classes == (440,)


def dataset(**kwargs):
    args = dict(annotations=dict(seg=dict(kind="classes", dir="label")), lazy_init=True)
    return MultiTaskDataset(**{**args, **kwargs})


def test_numbers_as_they_are_written():
    assert config_values.integers(["7", 7.0, 2**60 + 1], "x") == (7, 7, 2**60 + 1)
    assert config_values.integer(str(2**60 + 1), "x") == 2**60 + 1
    assert config_values.numbers(("nan", -1), "x")[1] == -1
    with pytest.raises(ValueError, match="x is b'ab'; it must be a list of names"):
        config_values.names(b"ab", "x")


SPELLINGS = ["LoadImageFromFile", "mmcv.LoadImageFromFile", "mmseg.LoadImageFromFile"]


@pytest.fixture
def arrays(tmp_path):
    """Images of two channels of 0 and 255 as JPEG and as arrays in capital letters."""
    for folder in ("image", "edge"):
        (tmp_path / folder).mkdir()
    np.save(tmp_path / "image" / "0.npy", np.zeros((4, 6, 3), np.uint8))
    (tmp_path / "image" / "0.npy").rename(tmp_path / "image" / "0.NPY")
    return tmp_path


@pytest.mark.parametrize("kind", [*SPELLINGS, LoadImageFromFile, LoadImage, "mmseg.LoadImage"])
@pytest.mark.parametrize("cls", [MultiTaskDataset, "MultiTaskDataset", "mmseg.MultiTaskDataset"])
def test_types_in_every_spelling(arrays, cls, kind):
    source = SobelEdges if isinstance(kind, type) else "mmseg.SobelEdges"
    edge = dict(kind="channels", source=source)
    args = dict(data_root=str(arrays), annotations=dict(edge=edge), img=dict(suffix=".NPY"))
    steps = [dict(type=kind, to_float32=True), dict(type="mmseg.LoadMultiTaskAnnotations")]
    data = DATASETS.build(dict(type=cls, pipeline=steps, **args))
    results = data[0]
    assert type(data.img_loader) is LoadImage and results["img"].dtype == np.float32
    assert results["gt_edge_map"].shape == (4, 6)


def test_a_loader_that_is_built_already(arrays):
    args = dict(
        data_root=str(arrays), annotations=dict(edge=dict(kind="channels", source="SobelEdges"))
    )
    data = MultiTaskDataset(
        pipeline=[LoadImageFromFile(to_float32=True)], img=dict(suffix=".npy"), **args
    )
    assert data[0]["img"].dtype == np.float32 and data[0]["img"].shape == (4, 6, 3)


@pytest.mark.parametrize("options", [dict(color_type="grayscale"), dict(imdecode_backend="pillow")])
@pytest.mark.parametrize(
    "between", [[], [dict(type="PhotoMetricDistortion")], [dict(type="Resize", scale=(3, 2))]]
)
def test_sources_see_the_image_as_the_pipeline_reads_it(tmp_path, options, between):
    (tmp_path / "image").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (16, 24, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "image" / "0.jpg"), noise)
    if between and options.get("color_type"):
        return  # stock transforms need three channels
    edge = dict(kind="channels", source="SobelEdges")
    data = MultiTaskDataset(
        data_root=str(tmp_path),
        img=dict(suffix=".jpg"),
        annotations=dict(edge=edge),
        pipeline=[
            dict(type="LoadImageFromFile", **options),
            *between,
            dict(type="LoadMultiTaskAnnotations"),
        ],
    )
    read = LoadImage(**options)(dict(img_path=str(tmp_path / "image" / "0.jpg")))["img"]
    results = data[0]
    np.testing.assert_allclose(results["gt_edge_map"], SobelEdges().edges(read), atol=1e-6)
    assert "img_raw" not in results


def test_classes_given_as_a_python_set_are_refused():
    """Each process would number the classes in its own way."""
    with pytest.raises(ValueError, match="classes.* is a set of .'a', 'b'.*no order"):
        Annotation("seg", "classes", dir="seg", classes={"a", "b"})
    names = Annotation("seg", "classes", dir="seg", classes=np.array(["a", "b"])).classes
    assert [type(name) for name in names] == [str, str]


def test_a_misspelt_task_is_beside_the_right_one():
    both = dict(depth=DEPTH, dpeth=dict(scale=0.001))
    with pytest.raises(ValueError, match=r"annotations\['dpeth'\] needs 'kind'.* mean 'depth'\?$"):
        MultiTaskDataset(annotations=both)
