"""Bad inputs: checkpoints and work dirs that are truncated, hostile, edited or in use."""

import json
import os
import pickle
import resource

import torch

from mmlhl.checkpoints import CheckpointError, UntrustedCheckpointError
from mmlhl.engine.locking import WorkDirInUse, locked

from .registry import bad

FIRST = "phase_1_seg/seg.pth"


def adopting(setting, content):
    """Adopt a file with some content as phase one."""
    path = setting.folder / "plain.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    phases = [dict(tasks=["seg"], checkpoint=str(path)), dict(tasks=["depth"])]
    setting.edit({"phases": phases})


def adopted(name, content, *expected, error=CheckpointError):
    """Register a file that is not a finished model of the config."""

    @bad("checkpoints", name, "plain.pth", *expected, error=error)
    def spoil(setting):
        adopting(setting, content(setting) if callable(content) else content)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch ran",)


def poisoned(setting):
    state = torch.load(setting.finished / FIRST)["state_dict"]
    state["backbone.conv1.weight"].fill_(float("nan"))
    return dict(state_dict=state)


def negative(setting):
    state = torch.load(setting.finished / FIRST)["state_dict"]
    state["backbone.bn1.running_var"].fill_(-1.0)
    return dict(state_dict=state)


TRUST = dict(error=UntrustedCheckpointError)
adopted("an empty checkpoint", b"")
adopted("a checkpoint that is text", b"<html>404</html>")
adopted("a checkpoint that is cut off", lambda s: (s.finished / FIRST).read_bytes()[:2000])
adopted("a checkpoint with NaN", poisoned, "NaN", "backbone.conv1.weight")
adopted("a checkpoint with negative variances", negative, "backbone.bn1.running_var", "below 0")
adopted("a checkpoint whose meta is a list", dict(state_dict={}, meta=[1]), "meta", "list")
adopted("safetensors that are cut off", b'\x40\0\0\0\0\0\0\0{"a":')
adopted("a checkpoint that runs a command", dict(state_dict=Hostile()), "--trust-ch", **TRUST)
adopted("a pickle that runs a command", pickle.dumps(Hostile()), "--trust-ch", **TRUST)
adopted("a checkpoint of a list", [1, 2, 3], "list")
adopted("a checkpoint without weights", dict(meta={}, state_dict={}), error=ValueError)
adopted(
    "a checkpoint of another network",
    dict(state_dict={"fc.weight": torch.ones(3, 3)}),
    "backbone",
    error=ValueError,
)


def resumed(name, *expected, error=ValueError):
    """Register a change of a finished sequence before it is resumed."""

    def register(spoil):
        @bad("resuming", name, *expected, error=error)
        def prepare(setting):
            setting.resume()
            return spoil(setting)

        return prepare

    return register


@resumed("another learning rate", "optim_wrapper.optimizer.lr", "--resume-changed")
def edited(setting):
    setting.edit({"optim_wrapper.optimizer.lr": 0.5})


@resumed("another seed", "seed", "--resume-changed")
def seed(setting):
    setting.edit({"randomness.seed": 5})


@resumed("another order of tasks", "phase 1", "['seg']", "['depth']")
def order(setting):
    setting.edit({"phases": [dict(tasks=["depth"]), dict(tasks=["seg"]), dict(tasks=["normal"])]})


@resumed("fewer phases", "HAD", "1")
def fewer(setting):
    setting.edit({"phases": [dict(tasks=["seg"])]})


@resumed("another method", "HAD", "LwF")
def method(setting):
    setting.edit({"model.method": dict(type="LwF")})


@resumed("a record that is cut off", "lifelong.json")
def record(setting):
    path = setting.work_dir / "lifelong.json"
    path.write_text(path.read_text()[:100])


@resumed("a record that is a list", "lifelong.json")
def listed(setting):
    (setting.work_dir / "lifelong.json").write_text("[]")


@resumed("a record of a later version", "lifelong.json", "99")
def later(setting):
    path = setting.work_dir / "lifelong.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 99}))


@resumed("a record of files elsewhere", "lifelong.json", "phases[1].checkpoint", "../other/a.pth")
def elsewhere(setting):
    path = setting.work_dir / "lifelong.json"
    content = json.loads(path.read_text())
    content["phases"][1]["checkpoint"] = "../other/a.pth"
    path.write_text(json.dumps(content))


@resumed("a model of a past phase that is gone", "seg.pth", error=FileNotFoundError)
def gone(setting):
    (setting.work_dir / FIRST).unlink()


@resumed("a model of the last phase that is cut off", "normal.pth", error=CheckpointError)
def cut(setting):
    folder = setting.work_dir / "phase_3_normal"
    content = (folder / "normal.pth").read_bytes()
    for path in folder.glob("*.pth"):
        path.unlink()
    (folder / "normal.pth").write_bytes(content[:2000])


@bad("work dirs", "a work dir that is a file", "run", error=OSError)
def file(setting):
    setting.work_dir.write_text("not a folder")


@bad("work dirs", "a work dir below a file", "run", error=OSError)
def below(setting):
    (setting.folder / "file").write_text("not a folder")
    setting.edit({"work_dir": str(setting.folder / "file" / "run")})


@bad(
    "work dirs", "a work dir that another command uses", "in use", "--work-dir", error=WorkDirInUse
)
def used(setting):
    setting.work_dir.mkdir()

    def train():
        with locked(setting.work_dir):
            setting.train()

    return train


@bad("work dirs", "another method's results", "HAD", "LwF", "--work-dir")
def others(setting):
    setting.resume()
    setting.edit({"resume": False, "model.method": dict(type="LwF")})


@bad("work dirs", "a full disk", "cannot write", "limit of a file's size", error=OSError)
def full(setting):
    setting.work_dir.mkdir()

    def train():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            setting.train()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return train
