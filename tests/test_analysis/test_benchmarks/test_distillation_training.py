"""The results of a run of the benchmark of distillation."""

import json

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import (
    distillation_runs,
    distillation_training,
    running,
)

from .distillation_samples import CONFIGS


@pytest.fixture
def rooms():
    return Config.fromfile(CONFIGS / "heteroakd_rooms.py")


def write_log(folder, stamp, *entries):
    path = folder / stamp / "vis_data"
    path.mkdir(parents=True)
    (path / "scalars.json").write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_metrics_are_those_of_the_final_evaluation(tmp_path):
    loss = {"loss": 1.0, "step": 8}
    write_log(tmp_path, "20250101_000000", {"seg/mIoU": 1.0, "seg/aAcc": 1.0, "step": 8})
    write_log(
        tmp_path,
        "20250102_000000",
        {"seg/mIoU": 40.0, "seg/aAcc": 70.0, "step": 4},
        {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "time": 0.1, "step": 8},
        loss,
    )
    assert distillation_training.final_metrics(tmp_path, 8) == {"seg/mIoU": 50.0, "seg/aAcc": 80.0}
    with pytest.raises(RuntimeError, match="no evaluation after epoch 9"):
        distillation_training.final_metrics(tmp_path, 9)


def test_result_of_a_training(rooms, tmp_path, monkeypatch):
    runs = distillation_runs.all_runs(rooms, [0], ["No distillation"])

    def trained(cfg, folder, jobs, resume):
        assert not resume
        folder.mkdir(parents=True)
        epochs = cfg.train_cfg.max_epochs if "deeplab" in folder.name else 1
        write_log(folder, "20250101_000000", {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "step": epochs})
        return 0

    monkeypatch.setattr(running, "train_config", trained)
    assert distillation_training.train(runs[0], rooms, tmp_path, 1) == 0
    result = runs[0].result(tmp_path)
    assert result.pop("seconds") >= 0
    assert result == {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "epochs": 8}
    # a run that ended too early has no result, and its log says why
    assert distillation_training.train(runs[1], rooms, tmp_path, 1) == 1
    assert runs[1].result(tmp_path) is None
    assert "no evaluation after epoch 8" in (runs[1].folder(tmp_path) / "train.log").read_text()
    monkeypatch.setattr(running, "train_config", lambda *_, **__: 3)
    assert distillation_training.train(runs[1], rooms, tmp_path, 1) == 3
