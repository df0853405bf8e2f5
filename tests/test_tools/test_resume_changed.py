"""`train.py --resume-changed` with edits in mid-phase and after it."""

import copy
import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

TRAIN = str(Path(__file__).resolve().parents[2] / "tools" / "train.py")
LR = "optim_wrapper.optimizer.lr"


@HOOKS.register_module()
class CtrlCHook(Hook):
    """Ctrl-C after an epoch of a phase, the first time only."""

    def __init__(self, task):
        self.task = task

    def before_train_epoch(self, runner):
        if runner.epoch == 1 and not runner._resume and runner.model.new_tasks == [self.task]:
            raise KeyboardInterrupt


def train(folder, cfg, *flags):
    """The command, in this process."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(folder / "work")
    cfg.experiment_name += folder.name
    cfg.dump(folder / "config.py")
    patch = pytest.MonkeyPatch()
    patch.setenv("LOCAL_RANK", "0")
    patch.setattr(sys, "argv", [TRAIN, str(folder / "config.py"), "--no-report", *flags])
    try:
        runpy.run_path(TRAIN, run_name="__main__")
    finally:
        patch.undo()
    return json.loads((folder / "work" / "lifelong.json").read_text())


@pytest.fixture(scope="module")
def interrupted(sequence_config, tmp_path_factory):
    """Folder and config of a sequence: seg is done, depth was interrupted between two epochs."""
    folder = tmp_path_factory.mktemp("interrupted")
    cfg = sequence_config(folder / "work", custom_hooks=[dict(type="CtrlCHook", task="depth")])
    with pytest.raises(SystemExit) as exit:
        train(folder, cfg)
    assert exit.value.code == 130
    return folder, cfg


@pytest.fixture
def begun(interrupted, tmp_path):
    """A copy, in another place."""
    folder, cfg = interrupted
    shutil.copytree(folder / "work", tmp_path / "work")
    return tmp_path, copy.deepcopy(cfg)


def first_rate(folder, phase, epoch):
    """The learning rate with which a phase began."""
    loaded = torch.load(folder / f"work/{phase}/epoch_{epoch}.pth", weights_only=False)
    return loaded["optimizer"]["param_groups"][0]["initial_lr"]


def test_learning_rate_and_seed(begun):
    """The new rate holds for the rest of the phase and for those after it."""
    folder, cfg = begun
    old = cfg.optim_wrapper.optimizer.lr
    cfg.merge_from_dict({LR: 1e-3, "randomness.seed": 7})
    with pytest.raises(SystemExit, match=f"train.py: .*{LR} of phase 'depth' .*--resume-changed"):
        train(folder, cfg, "--resume")
    assert not (folder / "work/phase_3_normal").exists()
    done, depth, normal = train(folder, cfg, "--resume-changed")["phases"]
    assert done["fingerprint"][LR] == old and "resumed_changed" not in done
    assert depth["resumed_changed"] == {LR: [old, 1e-3], "randomness.seed": [0, 7]}
    assert normal["fingerprint"][LR] == 1e-3 and normal["fingerprint"]["randomness.seed"] == 7
    assert first_rate(folder, "phase_2_depth", 2) == 1e-3
    assert first_rate(folder, "phase_3_normal", 2) == 1e-3


def test_fewer_phases(begun):
    """The images are split differently, so that some are used again."""
    folder, cfg = begun
    cfg.phases = cfg.phases[:2]
    with pytest.raises(SystemExit, match=r"train_dataloader.dataset.part of phase 'seg' \(done\)"):
        train(folder, cfg, "--resume")
    phases = train(folder, cfg, "--resume-changed")["phases"]
    assert [phase["name"] for phase in phases] == ["seg", "depth"]
    changed = phases[1]["resumed_changed"]
    assert changed == {"train_dataloader.dataset.part": [[1, 3], [1, 2]]}


def test_data_in_mid_phase(begun):
    folder, cfg = begun
    flip = dict(type="RandomFlip", prob=0.5)
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [*pipeline[:-1], flip, pipeline[-1]]
    with pytest.raises(SystemExit, match=r"dataset.pipeline\[2\]"):
        train(folder, cfg, "--resume")
    phases = train(folder, cfg, "--resume-changed")["phases"]
    assert any("pipeline" in key for key in phases[1]["resumed_changed"])
    assert phases[2]["fingerprint"]["train_dataloader.dataset.pipeline[2].type"] == "RandomFlip"


def test_another_model_in_mid_phase(begun):
    """A new head in mid-phase would be trained for the rest of the phase only."""
    folder, cfg = begun
    cfg.model.heads.depth.decoder.channels = 4
    with pytest.raises(SystemExit, match=r"cannot go on with another model.*heads\.depth\.decoder"):
        train(folder, cfg, "--resume-changed")


def test_an_attempt_of_torchrun_after_the_first_resumes(begun, monkeypatch):
    folder, cfg = begun
    first = Path(folder, "work/phase_1_seg/seg.pth")
    before = first.stat().st_mtime_ns
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert len(train(folder, cfg)["phases"]) == 3
    assert first.stat().st_mtime_ns == before
