"""Strips of a tiny trained sequence."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmlhl.analysis.report import strip_section as module
from mmlhl.analysis.report.strip_section import missing_strips, strip_section
from mmlhl.evaluation import LifelongRecord


def test_strip_shows_each_image_for_each_phase_that_has_the_task(trained):
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


def test_missing_strips_are_listed_in_page_and_log(monkeypatch):
    seg, depth = (SimpleNamespace(task=t, field=f) for t, f in (("seg", "sem_seg"), ("z", "z_map")))
    tasks = dict(seg=seg, z=depth)
    data = [
        dict(data_samples=dict(gt_sem_seg=1)),
        dict(data_samples=dict(gt_sem_seg=1, gt_z_map=1)),
    ]
    assert missing_strips(data[1:], tasks, 1) == []
    lines = [
        "3 test images were asked for; the test set has 2.",
        "No strips of z for 1 of 2 test images: the test pipeline gives no annotation gt_z_map for "
        "them.",
    ]
    assert missing_strips(data, tasks, 3) == lines
    without = [dict(data_samples={})] * 3
    monkeypatch.setattr(module, "predict_phases", lambda *_: (without, dict(z=depth), []))
    messages = []
    monkeypatch.setattr(module, "print_log", lambda text, *_: messages.append(text))
    (part,) = strip_section([None], ["HAD"], 3).sections
    (block,) = part.blocks
    assert block.text.startswith("No strips of z for 3 of 3 test images")
    assert messages == [f"report: HAD: {block.text}"]


def test_a_missing_checkpoint_is_named(trained, tmp_path):
    cfg, _ = trained
    shutil.copy(Path(cfg.work_dir) / "lifelong.json", tmp_path)
    record = LifelongRecord.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="phase_1_seg/seg.pth' for phase 1, which is not"):
        strip_section([record], ["HAD"], 1)
