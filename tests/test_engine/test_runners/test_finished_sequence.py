"""Results of a finished sequence, and testing its checkpoints."""

import copy
import json
import os
from pathlib import Path

import pytest
import torch
from mmseg.registry import RUNNERS
from sequences import read, weights

from mmlhl.engine.progress import steps_taken


def test_record_of_a_finished_sequence(trained):
    cfg, returned = trained
    record = read(cfg.work_dir)
    assert returned.to_dict() == record
    assert (record["version"], record["method"], record["seed"]) == (1, "HAD", 0)
    assert [phase["tasks"] for phase in record["phases"]] == [["seg"], ["depth"], ["normal"]]
    assert [phase["checkpoint"] for phase in record["phases"]] == [
        "phase_1_seg/seg.pth",
        "phase_2_depth/depth.pth",
        "phase_3_normal/normal.pth",
    ]
    assert all(phase["exemplars"] == 0 for phase in record["phases"])
    assert len(record["timing"]) == 3 and all(seconds >= 0 for seconds in record["timing"])
    for index, phase in enumerate(record["phases"]):
        assert phase["fingerprint"]["train_dataloader.dataset.part"] == [index, 3]
        assert phase["fingerprint"]["optim_wrapper.optimizer.lr"] == 2e-3
        assert cfg.work_dir not in str(phase["fingerprint"])
    shown = dict(seg="mIoU", depth="abs_err", normal="mean_err")
    for index, (task, name) in enumerate(shown.items()):
        entry = record["metrics"][task][name]
        assert entry["higher_is_better"] is (task == "seg")
        assert [value is None for value in entry["values"]] == [i < index for i in range(3)]


def test_one_log_of_scalars_for_all_phases(trained):
    cfg, record = trained
    work_dir = Path(cfg.work_dir)
    (scalars,) = work_dir.rglob("scalars.json")
    assert scalars == work_dir / "vis_data" / "scalars.json"
    lines = [json.loads(line) for line in scalars.read_text().splitlines()]
    losses = [line for line in lines if "loss" in line]
    assert [line["step"] for line in losses] == list(range(1, 13))
    assert [line["iter"] for line in losses] == [1, 2, 3, 4] * 3
    assert [line["phase"] for line in losses] == [1] * 4 + [2] * 4 + [3] * 4
    for task, line in zip(("seg", "depth", "normal"), losses[::4], strict=True):
        assert any(key.startswith(f"{task}.loss") for key in line)
    assert [phase["steps"] for phase in record.phases] == [4, 4, 4]
    assert not list(work_dir.rglob("*.tmp"))


def test_steps_of_an_older_record_are_those_of_its_checkpoints(trained):
    cfg, _ = trained
    record = read(cfg.work_dir)
    for phase in record["phases"]:
        del phase["steps"]
    path = Path(cfg.work_dir, "older.json")
    path.write_text(json.dumps(record))
    assert steps_taken(str(path), 2) == [4, 4]
    assert steps_taken(str(path), 0) == []
    path.unlink()


def test_checkpoints_hold_the_model_and_nothing_else(trained):
    cfg, record = trained
    for index, phase in enumerate(record.phases):
        stored = torch.load(Path(cfg.work_dir, phase["checkpoint"]))
        heads = {key.split(".")[1] for key in stored["state_dict"] if key.startswith("heads.")}
        assert heads == {"seg", "depth", "normal"} - {"normal", "depth"} | {
            each["tasks"][0] for each in record.phases[: index + 1]
        }
        assert not any("teacher" in key for key in stored["state_dict"])
        assert "optimizer" not in stored
        assert len(stored["meta"]["dataset_meta"]["classes"]) == 13


def test_a_phase_starts_from_the_one_before(trained):
    """Two steps of Adam at 2e-3 move no weight far, and the encoder does move."""
    cfg, _ = trained
    for index in (1, 2):
        before, after = weights(cfg.work_dir, index - 1), weights(cfg.work_dir, index)
        key = "backbone.layer4.1.conv2.weight"
        step = (before[key] - after[key]).abs().max()
        assert 0 < step < 4 * 2.1e-3


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_testing_a_checkpoint_gives_its_row(trained, phase):
    """The path of tools/test.py and of mmseg's own."""
    cfg, record = trained
    cfg = copy.deepcopy(cfg)
    cfg.experiment_name += f"_test_{phase}"
    cfg.load_from = os.path.join(cfg.work_dir, record.phases[phase]["checkpoint"])
    cfg.work_dir = os.path.join(cfg.work_dir, "tested")
    results = RUNNERS.build(cfg).test()
    row = {
        f"{task}/{name}": entry["values"][phase]
        for task, entries in record.metrics.items()
        for name, entry in entries.items()
        if entry["values"][phase] is not None
    }
    assert results.keys() == row.keys()
    for key, value in row.items():
        assert results[key] == pytest.approx(value, abs=1e-4), key
