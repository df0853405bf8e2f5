"""mmengine's ClassBalancedDataset around a multi-task dataset."""

import cv2
import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset
from mmseg.registry import DATASETS

from mmlhl.datasets import MultiTaskDataset

ANNOTATIONS = dict(
    seg=dict(kind="classes", dir="label", classes=("wall", "lamp", "door"), ignore=(9, 255)),
    parts=dict(
        kind="classes", dir="parts", field="parts_map", num_classes=3, id_map={0: 255, 5: 2, 6: 0}
    ),
    depth=dict(kind="depth", dir="depth"),
)


@pytest.fixture
def root(tmp_path):
    """The last of six images has the only lamp."""
    for folder in ("image", "label", "parts", "depth"):
        (tmp_path / folder).mkdir()
    for index in range(6):
        label = np.zeros((4, 6), np.uint8)
        label[0, 0] = 9
        label[1:3] = 1 if index == 5 else 2
        parts = np.full((4, 6), 6 if index else 5, np.uint8)
        parts[0] = 0
        for folder, array in (("label", label), ("parts", parts), ("depth", label + 1)):
            cv2.imwrite(str(tmp_path / folder / f"{index}.png"), array)
        cv2.imwrite(str(tmp_path / "image" / f"{index}.png"), np.zeros((4, 6, 3), np.uint8))
    return tmp_path


def make(root, **options):
    return MultiTaskDataset(data_root=str(root), annotations=ANNOTATIONS, **options)


def test_classes_of_an_image_are_those_of_the_dataset(root):
    dataset = make(root)
    assert dataset.get_cat_ids(0) == [("seg", 0), ("seg", 2), ("parts", 2)]
    assert dataset.get_cat_ids(5) == [("seg", 0), ("seg", 1), ("parts", 0)]
    subset = make(root, tasks=["seg"], metainfo=dict(classes=["lamp", "wall"]), indices=[5, 1])
    assert [subset.get_cat_ids(i) for i in (0, 1)] == [[("seg", 0), ("seg", 1)], [("seg", 1)]]


def test_images_with_rare_classes_are_repeated(root):
    inner = dict(type="MultiTaskDataset", data_root=str(root), annotations=ANNOTATIONS)
    for kind in ("ClassBalancedDataset", ClassBalancedDataset):
        config = dict(type=kind, dataset={**inner, "tasks": ["seg"]}, oversample_thr=0.6)
        balanced = DATASETS.build(config)
        assert balanced.repeat_indices == [0, 1, 2, 3, 4, 5, 5]
    with pytest.raises(ValueError, match=r"its tasks \['depth'\] have none.*phases\[i\].cfg"):
        DATASETS.build({**config, "dataset": {**inner, "tasks": ["depth"]}})
