"""A phase that was interrupted, and whose folder was damaged afterwards."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import read, train, weights

from mmlhl.engine import progress
from mmlhl.engine.checkpoint_files import damage, newest_checkpoint

EPOCHS = []


@HOOKS.register_module()
class InterruptHook(Hook):
    """Notes the epochs; interrupts before one."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_epoch(self, runner):
        EPOCHS.append(runner.epoch)
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def make(sequence_config):
    """A function: config of one phase of three epochs that is interrupted before one."""

    def config(folder, stop=9, **changes):
        cfg = sequence_config(folder, phases=[dict(tasks=["depth"])], **changes)
        cfg.train_cfg.max_epochs = 3
        cfg.default_hooks.checkpoint.max_keep_ckpts = 2
        cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
        cfg.custom_hooks = [dict(type="InterruptHook", epoch=stop)]
        return cfg

    return config


@pytest.fixture(scope="module")
def undisturbed(make, tmp_path_factory):
    cfg = make(tmp_path_factory.mktemp("undisturbed") / "run")
    train(cfg)
    return cfg.work_dir


@pytest.fixture(scope="module")
def interrupted(make, tmp_path_factory):
    """Folder of a run that was interrupted after two epochs."""
    cfg = make(tmp_path_factory.mktemp("interrupted") / "run", stop=2)
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    return Path(cfg.work_dir)


def assert_same_weights(*folders):
    one, other = (weights(folder, 0) for folder in folders)
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


def cut(path):
    path.write_bytes(path.read_bytes()[:1000])


ACCIDENTS = {
    "none": (lambda phase: None, 2),
    "newest gone": (lambda phase: (phase / "epoch_2.pth").unlink(), 1),
    "newest empty": (lambda phase: (phase / "epoch_2.pth").write_bytes(b""), 1),
    "newest cut short": (lambda phase: cut(phase / "epoch_2.pth"), 1),
    "both cut short": (lambda phase: [cut(path) for path in phase.glob("*.pth")], 0),
    "pointer gone": (lambda phase: (phase / "last_checkpoint").unlink(), 2),
    "pointer empty": (lambda phase: (phase / "last_checkpoint").write_text(""), 2),
    "half a file": (lambda phase: (phase / ".epoch_3.pth.999999999.tmp").write_bytes(b"PK"), 2),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_resumed_phase_is_identical(make, interrupted, undisturbed, tmp_path, accident):
    """In a copy, so that each run has moved, too, and the original still lies there."""
    happens, first = ACCIDENTS[accident]
    copied = shutil.copytree(interrupted, tmp_path / "elsewhere")
    before = sorted(path.name for path in interrupted.rglob("*"))
    happens(copied / "phase_1_depth")
    EPOCHS.clear()
    train(make(copied), resume=True)
    assert EPOCHS == list(range(first, 3))
    assert_same_weights(undisturbed, copied)
    assert {k: v for k, v in read(copied).items() if k != "timing"} == {
        k: v for k, v in read(undisturbed).items() if k != "timing"
    }
    phase = copied / "phase_1_depth"
    assert (phase / "last_checkpoint").read_text() == "epoch_3.pth"
    assert {path.name for path in phase.glob("*.pth")} == {
        "depth.pth",
        "epoch_2.pth",
        "epoch_3.pth",
    }
    assert not list(copied.rglob("*.tmp"))
    assert sorted(path.name for path in interrupted.rglob("*")) == before


@pytest.mark.parametrize(
    "place",
    [
        *("optimizer.state", "param_schedulers.0.last_step", "message_hub.log_scalars"),
        *("state_dict", "meta.seed"),
    ],
)
def test_an_emptied_part_of_the_state_is_named(interrupted, tmp_path, place):
    folder = tmp_path / "phase_1_depth"
    shutil.copytree(interrupted / "phase_1_depth", folder)
    path = folder / "epoch_2.pth"
    content = torch.load(path)
    node, (*parents, last) = content, place.split(".")
    for part in parents:
        node = node[int(part) if part.isdigit() else part]
    last = int(last) if last.isdigit() else last
    if isinstance(node[last], (dict, list)):
        node[last].clear()
    else:
        del node[last]
    torch.save(content, path)
    assert f"its {place.partition('.')[0]} holds" in damage(str(path))
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_1.pth")


def test_only_checkpoint_is_kept_until_the_next_is_complete(make, tmp_path, monkeypatch):
    cfg = make(tmp_path / "run")
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    present = []
    save = torch.save

    def spy(content, *args, **kwargs):
        present.append(sorted(p.name for p in Path(cfg.work_dir, "phase_1_depth").glob("epoch*")))
        return save(content, *args, **kwargs)

    monkeypatch.setattr(torch, "save", spy)
    train(cfg)
    assert present[:3] == [[], ["epoch_1.pth"], ["epoch_2.pth"]]
    assert [p.name for p in Path(cfg.work_dir, "phase_1_depth").glob("epoch*")] == ["epoch_3.pth"]


def test_full_disk(make, interrupted, undisturbed, tmp_path, monkeypatch):
    copied = shutil.copytree(interrupted, tmp_path / "run")

    def full(content, file, *args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(OSError, match=r"epoch_3\.pth.*No space left.*--resume"):
            train(make(copied), resume=True)
    assert (copied / "phase_1_depth" / "last_checkpoint").read_text() == "epoch_2.pth"
    train(make(copied), resume=True)
    assert_same_weights(undisturbed, copied)


@pytest.mark.parametrize("elsewhere", ["", "default hook", "custom hook"])
def test_lost_model_is_restored_from_the_last_checkpoint(make, undisturbed, tmp_path, elsewhere):
    copied = shutil.copytree(undisturbed, tmp_path / "run")
    cut(copied / "phase_1_depth" / "depth.pth")
    cfg = make(copied)
    if elsewhere:
        hook = cfg.default_hooks.checkpoint
        hook.out_dir = str(tmp_path / "out")
        if elsewhere == "custom hook":
            cfg.default_hooks.checkpoint = None
            cfg.custom_hooks.append(hook)
        folder = tmp_path / "out" / "phase_1_depth"
        folder.mkdir(parents=True)
        for path in (copied / "phase_1_depth").glob("epoch_*.pth"):
            path.rename(folder / path.name)
    EPOCHS.clear()
    train(cfg, resume=True)
    assert EPOCHS == []
    assert_same_weights(undisturbed, copied)


def test_what_a_phase_began_with_may_be_gone(make, interrupted, undisturbed, tmp_path):
    copied = shutil.copytree(interrupted, tmp_path / "run")
    changes = dict(load_from=str(tmp_path / "gone.pth"), dry_run=True, resume_changed=True)
    train(make(copied, **changes), resume=True)
    assert_same_weights(undisturbed, copied)


@pytest.mark.parametrize("last", ["noted", "not noted"])
def test_what_a_kill_left_of_superseded_checkpoints_goes_on_resume(
    make, interrupted, tmp_path, last
):
    copied = shutil.copytree(interrupted, tmp_path / "run")
    folder = copied / "phase_1_depth"
    for name in ("epoch_0.pth", "of_my_own.pth"):
        shutil.copy(folder / "epoch_1.pth", folder / name)
    names = ["epoch_0.pth", "epoch_1.pth", *(["epoch_2.pth"] if last == "noted" else [])]
    (folder / "resumable.json").write_text(json.dumps(names))
    with pytest.raises(KeyboardInterrupt):
        train(make(copied, stop=2), resume=True)
    left = {path.name for path in folder.glob("*.pth")}
    assert left == {"epoch_1.pth", "epoch_2.pth", "of_my_own.pth"}


def change(path, **meta):
    """Make a file one of another training, sound in itself."""
    content = torch.load(path, weights_only=True)
    next(iter(content["state_dict"].values())).add_(1)
    content["meta"].update(meta)
    torch.save(content, path)


@pytest.mark.parametrize("part", ["checkpoint", "model"])
def test_a_file_of_another_training_is_not_taken(make, interrupted, undisturbed, tmp_path, part):
    before = interrupted if part == "checkpoint" else undisturbed
    copied = shutil.copytree(before, tmp_path / "run")
    if part == "checkpoint":
        change(copied / "phase_1_depth" / "epoch_2.pth", training="0123456789abcdef")
    else:
        change(copied / "phase_1_depth" / "depth.pth")
    train(make(copied), resume=True)
    assert_same_weights(undisturbed, copied)
    assert read(copied)["phases"][0]["weights"] == read(undisturbed)["phases"][0]["weights"]


def test_the_checkpoint_of_a_request_to_stop_goes_with_its_successors(make, interrupted, tmp_path):
    copied = shutil.copytree(interrupted, tmp_path / "run")
    folder, out = copied / "phase_1_depth", tmp_path / "out" / "phase_1_depth"
    cfg = make(copied)
    cfg.default_hooks.checkpoint.out_dir = str(out.parent)
    out.mkdir(parents=True)
    stopped = folder / "stopped_iter_4.pth"
    (folder / "epoch_1.pth").rename(stopped)
    (folder / "epoch_2.pth").rename(out / "epoch_2.pth")
    (folder / "resumable.json").write_text('["stopped_iter_4.pth", "epoch_2.pth"]')
    train(cfg, resume=True)
    assert not stopped.exists()
    assert sorted(path.name for path in out.iterdir()) == ["epoch_2.pth", "epoch_3.pth"]


def test_a_sequence_without_a_seed_keeps_the_one_it_drew(make, tmp_path):
    folders = tmp_path / "one", tmp_path / "other"
    cfg = make(folders[0], stop=1, randomness=dict(seed=None))
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    shutil.copytree(*folders)
    records = [train(make(f, randomness=dict(seed=None)), resume=True) for f in folders]
    assert records[0].seed == records[1].seed is not None
    assert records[0].same_results(records[1])
    assert_same_weights(folders[0], folders[1])


def later(path, **counts):
    content = torch.load(path, weights_only=True)
    content["meta"].update(counts)
    torch.save(content, path)


@pytest.mark.parametrize(
    ("counts", "length", "said"),
    [
        ({}, 1, "2 epochs.* has only 1"),
        (dict(epoch=9), 3, "9 epochs.* has only 3"),
        (dict(iter=99), 3, "99 iterations.* has only"),
    ],
)
def test_a_checkpoint_beyond_the_phase_is_refused(
    make, interrupted, tmp_path, counts, length, said
):
    """Such a phase would end, and be recorded, without a further step."""
    copied = shutil.copytree(interrupted, tmp_path / "elsewhere")
    later(copied / "phase_1_depth" / "epoch_2.pth", **counts)
    cfg = make(copied, resume_changed=True)
    cfg.train_cfg.max_epochs = length
    with pytest.raises(ValueError, match=rf"epoch_2\.pth: it has trained {said}"):
        train(cfg, resume=True)
    assert not (copied / "phase_1_depth" / "depth.pth").exists()


def test_checkpoints_of_a_phase_under_another_name_are_said(make, interrupted, tmp_path):
    shutil.copytree(interrupted, tmp_path / "run")
    for name, resume in (("depth", True), ("other", True), ("third", False)):
        cfg = make(tmp_path / "run", stop=2 if name == "depth" else 0, resume=resume)
        cfg.phases[0].name = name
        EPOCHS.clear()
        said = []
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(progress, "print_log", lambda text, *_, to=said: to.append(text))
            train(cfg)
        assert EPOCHS == [2 if name == "depth" else 0]
        hints = [text for text in said if "phases[0].name='depth'" in text]
        assert len(hints) == (name == "other")
