"""A sequence on two processes, as ``tools/dist_train.sh`` starts them."""

import copy
import json
import os
from pathlib import Path

import pytest
import warm
from mmseg.registry import RUNNERS
from sequences import ROOT, read, weights

TRAIN = ROOT / "tools" / "train.py"


def only_the_first_process_logs(work_dir, terminal):
    text = (work_dir / "sequence.log").read_text()
    assert text.count("System environment:") == 1
    for log in (text, terminal):
        assert log.count("phase 1/2 seg: task seg, 6 images, 1 a step in each of 2 processes") == 1
        assert log.count("phase 2/2 depth  Epoch(train) [2][3/3]") == 1
        assert log.count("teacher of seg: ") == 1
    assert [path.name for path in work_dir.rglob("*.log")] == ["sequence.log"]
    scalars = (work_dir / "vis_data" / "scalars.json").read_text()
    lines = [json.loads(each) for each in scalars.splitlines()]
    assert [each["step"] for each in lines if "loss" in each] == list(range(1, 13))
    assert [each["step"] for each in lines if "after_phase/seg/mIoU" in each] == [6, 12]


def test_two_processes_train_and_evaluate_alike(sequence_config, tmp_path):
    cfg = sequence_config(
        tmp_path / "run",
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        custom_hooks=[dict(type="NoteHook")],
    )
    cfg.custom_imports.imports.append("sequence_hooks")
    cfg.log_level = "INFO"
    cfg.train_dataloader.batch_size = 1
    path = tmp_path / "config.py"
    cfg.dump(str(path))
    warm.run_ranks(TRAIN, path, "--launcher", "pytorch", folder=tmp_path)
    terminal = "".join((tmp_path / f"rank_{rank}.log").read_text() for rank in (0, 1))

    only_the_first_process_logs(Path(cfg.work_dir), terminal)
    record = read(cfg.work_dir)
    assert [phase["name"] for phase in record["phases"]] == ["seg", "depth"]
    for index, folder in enumerate(("phase_1_seg", "phase_2_depth")):
        notes = [
            json.loads(Path(cfg.work_dir, folder, f"rank_{rank}.json").read_text())
            for rank in (0, 1)
        ]
        assert notes[0] == notes[1]
        assert notes[0]["images"] == 3  # half of the phase's six
        stored = weights(cfg.work_dir, index)
        for key, value in notes[0]["weights"].items():  # what was saved is what was evaluated
            assert stored[key].double().sum().item() == pytest.approx(value, rel=1e-6, abs=1e-9)

    cfg = copy.deepcopy(cfg)
    cfg.custom_hooks = []
    cfg.load_from = os.path.join(cfg.work_dir, record["phases"][1]["checkpoint"])
    results = RUNNERS.build(cfg).test()  # one process: five images, an odd number
    for key, value in results.items():
        task, name = key.split("/")
        expected = record["metrics"][task][name]["values"][1]
        assert value == pytest.approx(expected, abs=1e-4), key
