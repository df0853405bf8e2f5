"""Strips of a tiny trained sequence."""

import shutil
from pathlib import Path

import pytest

from mmlhl.analysis.report.strip_section import strip_section
from mmlhl.evaluation import LifelongRecord


def test_every_image_is_shown_with_every_phase_that_knows_the_task(trained):
    cfg, _ = trained
    record = LifelongRecord.load(cfg.work_dir)
    section = strip_section([record], ["HAD"], 2)
    (part,) = section.sections
    captions = [block.caption for block in part.blocks]
    assert len(captions) == 2 * 3
    assert captions[0].startswith("HAD: test image 1, seg: ")
    assert captions[0].count("of the pixels wrong after") == 3
    assert captions[1].count(" m after") == 2
    assert "after 3 normal" in captions[2]
    assert captions[2].count("° after") == 1


def test_a_missing_checkpoint_is_named(trained, tmp_path):
    cfg, _ = trained
    shutil.copy(Path(cfg.work_dir) / "lifelong.json", tmp_path)
    record = LifelongRecord.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="phase_1_seg/seg.pth' for phase 1, which is not"):
        strip_section([record], ["HAD"], 1)
