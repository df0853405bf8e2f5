"""The report of the benchmark of distillation."""

import json

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import (
    distillation_report,
    distillation_runs,
)

from .distillation_samples import CNN, CONFIGS, METHODS, TRANSFORMER, finish


@pytest.fixture
def rooms():
    return Config.fromfile(CONFIGS / "heteroakd_rooms.py")


def test_report_has_hand_computed_gains_and_missing_runs(rooms, tmp_path, capsys):
    """Gains are relative to the same seed; missing runs are named."""
    miou = dict(
        segmentation=(40.0, 50.0), kd=(41.0, 53.0), cwd=(39.0, 48.0), heteroakd=(44.0, None)
    )
    rooms.benchmark.pop("teacher_seed")  # a teacher for each seed
    for run in distillation_runs.all_runs(rooms, [0, 1], METHODS):
        value = miou[run.config.split("/")[0]][run.seed]
        if run.config.split("/")[1].startswith(CNN) and value is not None:
            finish(run, tmp_path, value)
        if run.teacher:
            finish(run.teacher_run, tmp_path, 60.0, 120.0)
    text = distillation_report.report(rooms, "the command", [0, 1], METHODS, tmp_path)
    first = text.split("**rooms: segformer")[0]
    cells = {
        line.split(" | ")[0].strip("| "): [c.strip("|* ") for c in line.split(" | ")[1:]]
        for line in first.splitlines()
        if line.startswith("| ")
    }
    assert cells["No distillation"] == ["45.00 ± 7.07", "-", "80.00 ± 0.00", "1.0", "2"]
    assert cells["Pixel KD"][:2] == ["47.00 ± 8.49", "+2.00 ± 1.41"]
    assert cells["CWD"][:2] == ["43.50 ± 6.36", "-1.50 ± 0.71"]
    assert cells["HeteroAKD"] == ["44.00", "+4.00", "80.00", "1.0", "1"]
    assert cells["Teacher"] == ["60.00 ± 0.00", "-", "80.00 ± 0.00", "2.0", "2"]
    assert "`the command`" in text and "seeds [0, 1]" in text and "15 minutes" in text
    assert "batch 12; AdamW (lr 0.001" in text and "student 8, teacher 20" in text
    assert "HeteroAKD: HeteroAKDLoss(), KDLoss(loss_weight=0.1)" in text
    absent = text.split("Not run: ")[1]
    assert absent.startswith(f"HeteroAKD, {CNN} from segformer-b0 (seeds 1); ")
    for method in METHODS:
        assert f"{method}, {TRANSFORMER} from deeplabv3plus-r18 (seeds 0, 1)" in absent
    shown = capsys.readouterr().out
    assert "HeteroAKD" in shown and "+2.00 ± 1.41" in shown


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_results_of_another_length_are_refused(rooms, tmp_path, kind):
    run = distillation_runs.all_runs(rooms, [0], METHODS)[-1]
    chosen = run if kind == "student" else run.teacher_run
    epochs = rooms.benchmark.epochs[kind]
    finish(chosen, tmp_path, 50.0)
    path = chosen.folder(tmp_path) / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "epochs": epochs}))
    distillation_report.report(rooms, "the command", [0], METHODS, tmp_path)
    rooms.benchmark.epochs[kind] = epochs + 1
    message = f"trained for {epochs} epochs, the config says {epochs + 1}; give another --work-dir"
    with pytest.raises(ValueError, match=message):
        distillation_report.report(rooms, "the command", [0], METHODS, tmp_path)
