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
