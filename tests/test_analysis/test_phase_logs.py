"""Scalars of a sequence: one file at the root, or, in older ones, one per phase and restart."""

import json

import pytest

from mmlhl.analysis.log_curves import read_run
from mmlhl.analysis.phase_logs import read_phase_logs
from mmlhl.analysis.report.work_dir import peak_memory
from mmlhl.analysis.training_curves import read_losses
from mmlhl.evaluation import LifelongRecord


def write(folder, *lines, more=""):
    file = folder / "vis_data" / "scalars.json"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + more)


def train(step, phase, before, **losses):
    return dict(
        loss=1.0, iter=step - before, epoch=1, phase=phase, step=step, memory=step, **losses
    )


@pytest.fixture
def work_dir(tmp_path):
    (tmp_path / "phase_1_seg").mkdir()
    (tmp_path / "phase_2_depth").mkdir()
    after = {"after_phase/seg/mIoU": 50.0, "step": 20}
    lines = [train(10, 1, 0, a=1.0), train(20, 1, 0), after, train(30, 2, 20), train(35, 2, 20)]
    write(tmp_path, *lines, {"seg/mIoU": 41.0, "phase": 2, "step": 35}, more='{"loss": 7')
    record = LifelongRecord("HAD", seed=0)
    record.add_phase("seg", ["seg"], None, 1.0, {"seg/mIoU": 50.0})
    record.add_phase("depth", ["depth"], None, 1.0, {"seg/mIoU": 40.0})
    record.save(tmp_path / "lifelong.json")
    return tmp_path


def test_phases_of_one_file(work_dir):
    seg, depth = read_phase_logs(work_dir)
    assert (seg.number, seg.name, depth.number, depth.name) == (1, "seg", 2, "depth")
    assert [[line["step"] for line in source] for source in seg.sources] == [[10, 20]]
    assert [[line["step"] for line in source] for source in depth.sources] == [[10, 15, 15]]


def test_all_readers_read_it(work_dir):
    assert [log.steps.tolist() for log in read_losses(work_dir)] == [[10, 20], [10, 15]]
    run = read_run(work_dir)
    assert run.phases == [("seg", 0), ("depth", 20)]
    assert list(run.curves["loss"]) == [10, 20, 30, 35]
    assert run.curves["seg/mIoU"] == {20: 50.0, 35: 40.0}
    record = LifelongRecord.load(work_dir / "lifelong.json")
    assert [peak_memory(record, index) for index in range(2)] == [20, 35]


def test_sequence_continued_from_an_older_version(work_dir):
    old = [dict(loss=9.0, iter=step, step=step) for step in (5, 10, 15)]
    write(work_dir / "phase_2_depth" / "20260101_000000", *old[:1])
    _, depth = read_losses(work_dir)
    assert depth.steps.tolist() == [5, 10, 15]
    assert depth.losses["loss"].tolist() == [9, 1, 1]


def test_a_folder_without_logs(tmp_path):
    assert read_phase_logs(tmp_path) == []
