"""The message after Ctrl-C names what is saved and how to resume; nothing is trained."""

import os
import signal
import time

import pytest
import torch
from mmengine.config import Config

from mmlhl.engine import interrupted
from mmlhl.engine.interrupted import going_on, saved, stopping_on_ctrl_c
from mmlhl.evaluation import LifelongRecord


@pytest.fixture
def cfg(tmp_path):
    phases = [dict(tasks=["seg"]), dict(tasks=["depth"])]
    return Config(dict(work_dir=str(tmp_path), phases=phases))


def finish(tmp_path, *tasks):
    record = LifelongRecord("HAD", 0)
    for task in tasks:
        record.add_phase(task, [task], f"{task}.pth", 1.0, {})
    record.save(tmp_path / "lifelong.json")


def test_before_anything_is_saved(cfg):
    assert saved(cfg) == "No phase is done yet. Of phase 1 (seg) nothing is saved: it begins again."


def test_between_two_phases_and_at_the_end(cfg, tmp_path):
    finish(tmp_path, "seg")
    text = "Done: phase 1 (seg) of 2. Of phase 2 (depth) nothing is saved: it begins again."
    assert saved(cfg) == text
    finish(tmp_path, "seg", "depth")
    assert saved(cfg) == "Done: phase 1 (seg), phase 2 (depth) of 2."
    del cfg.phases[1]  # an older record of more phases, before it is replaced
    assert saved(cfg) == "Done: phase 1 (seg) of 1."


def test_a_real_signal_in_mid_phase(cfg, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    finish(tmp_path, "seg")
    folder = tmp_path / "phase_2_depth"
    folder.mkdir()
    whole = dict(meta=dict(iter=1, epoch=1), state_dict={}, optimizer={}, message_hub={})
    torch.save(whole, folder / "epoch_1.pth")
    (folder / "last_checkpoint").write_text(str(folder / "epoch_1.pth"))
    command = ["tools/train.py", "my config.py", "--cfg-options", "a=1"]
    pressed = []
    monkeypatch.setattr(
        interrupted,
        "going_on",
        lambda c: pressed.append(signal.getsignal(signal.SIGINT)) or going_on(c),
    )
    # processes in the background of a shell ignore Ctrl-C by default
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as stop, stopping_on_ctrl_c(cfg, command):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stop.value.code == 130 and stop.value.__suppress_context__
    assert pressed == [signal.SIG_DFL]  # pressed again, it ends without a traceback
    _, first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("Interrupted. Done: phase 1 (seg) of 2. Of phase 2 (depth), ")
    assert first.endswith("phase_2_depth/epoch_1.pth is saved: it goes on from there.")
    assert last == "To go on: python tools/train.py --resume 'my config.py' --cfg-options a=1"


def test_a_command_that_resumes_and_one_of_a_launcher(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    command = ["train.py", "c.py", "--resume-changed"]
    assert going_on(command) == "To go on: python train.py c.py --resume-changed"
    assert going_on(["mmlhl train", "c.py"]) == "To go on: mmlhl train --resume c.py"
    monkeypatch.setenv("RANK", "0")
    assert going_on(command) == "The same command goes on."
    assert going_on(command[:2]) == "The same command goes on with --resume."


def test_a_training_without_phases(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path)))
    assert saved(cfg) == "Nothing is saved yet."
    (tmp_path / "iter_5.pth").touch()
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "iter_5.pth"))
    assert saved(cfg) == f"Saved: {tmp_path / 'iter_5.pth'}."
