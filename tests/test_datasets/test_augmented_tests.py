"""A test with augmentation whose views have another size than the plain test says so."""

import logging
import re

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from mmlhl.datasets.augmented_tests import check_view_sizes

LOAD, PACK = dict(type="LoadImageFromFile"), [dict(type="PackMultiTaskInputs")]
RESIZE = dict(type="MultiTaskResize", scale=(40, 30))
FLIPS = [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)]
SCALES = [dict(type="Resize", scale_factor=ratio, keep_ratio=True) for ratio in (0.5, 1.0)]
CASES = [
    ([RESIZE], [[RESIZE], FLIPS], ""),
    ([RESIZE], [FLIPS], "first image are 60x80, the image of .* is 30x40"),
    ([], [[RESIZE], FLIPS], "are 30x40, the image of .* is 60x80"),
    ([], [SCALES, FLIPS], ""),
    ([dict(type="Resize", scale=(20, 15))], [SCALES], "are 30x40, 60x80, the image of .* is 15x20"),
    ([dict(type="MultiTaskPad", size=(96, 64))], [FLIPS], "60x80, the image of .* is 64x96"),
]


@pytest.mark.parametrize(("plain", "views", "said"), CASES)
def test_sizes_of_views(tmp_path, monkeypatch, plain, views, said):
    for folder, shape in (("images", (60, 80, 3)), ("labels", (60, 80))):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), np.zeros(shape, np.uint8))
    dataset = dict(
        type="MultiTaskDataset",
        data_root=str(tmp_path),
        img=dict(dir="images", suffix=".png"),
        annotations=dict(seg=dict(dir="labels", suffix=".png", kind="classes")),
        metainfo=dict(classes=("a", "b")),
        test_mode=True,
        pipeline=[LOAD, *plain, *PACK],
    )
    heard = []
    monkeypatch.setattr(
        "mmlhl.datasets.augmented_tests.print_log",
        lambda message, logger, level: heard.append((message, level)),
    )
    with DefaultScope.overwrite_default_scope("mmseg"):
        check_view_sizes(dataset, [LOAD, dict(type="TestTimeAug", transforms=[*views, PACK])])
    assert len(heard) == bool(said)
    for message, level in heard:
        assert level == logging.WARNING
        assert re.search(said, message)


def test_a_dataset_of_mmsegs_reads_labels_with_mmsegs_transform(tmp_path):
    """Without a runner no scope is set, and mmcv has a LoadAnnotations with other options."""
    for folder, shape in (("images", (6, 8, 3)), ("labels", (6, 8))):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), np.zeros(shape, np.uint8))
    steps = [LOAD, dict(type="LoadAnnotations", reduce_zero_label=True), dict(type="PackSegInputs")]
    dataset = dict(
        type="BaseSegDataset",
        data_root=str(tmp_path),
        data_prefix=dict(img_path="images", seg_map_path="labels"),
        img_suffix=".png",
        reduce_zero_label=True,
        metainfo=dict(classes=("a",)),
        pipeline=steps,
    )
    views = [LOAD, dict(type="TestTimeAug", transforms=[FLIPS, steps[1:2], steps[2:]])]
    with DefaultScope.overwrite_default_scope("mmengine"):
        check_view_sizes(dataset, views)
        assert DefaultScope.get_current_instance().scope_name == "mmengine"
