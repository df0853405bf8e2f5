"""Units of maps are part of the dataset's metainfo and stored in checkpoints."""

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.cityscapes import CityscapesMultiTaskDataset
from mmlhl.datasets.classes import field_metainfo


def test_units_are_part_of_the_metainfo():
    annotations = [
        Annotation("depth", "depth", dir="d"),
        Annotation("near", "depth", dir="d", field="near_map", inverse=True),
        Annotation("seg", "classes", dir="d", classes=("a", "b")),
        Annotation("parts", "classes", dir="d", field="parts", classes=("x",), palette=[[1, 2, 3]]),
    ]
    assert field_metainfo(annotations) == dict(
        depth_map_unit="m",
        near_map_unit="inverse depth",
        parts_classes=("x",),
        parts_palette=[[1, 2, 3]],
    )


def test_a_config_may_say_any_unit():
    heat = dict(heat=dict(kind="channels", dir="h"), depth=dict(kind="depth", dir="d"))
    units = dict(heat_map_unit="K", depth_map_unit="ft")
    dataset = MultiTaskDataset(annotations=heat, metainfo=units, lazy_init=True)
    assert {key: dataset.metainfo[key] for key in units} == units


def test_disparity_is_in_pixels():
    for depth, unit in (("inverse", "px"), ("metres", "m")):
        dataset = CityscapesMultiTaskDataset(depth=depth, lazy_init=True)
        assert dataset.metainfo["depth_map_unit"] == unit
