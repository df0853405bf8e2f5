"""A sequence that starts again, or was killed and is resumed."""

import copy
import shutil
import signal
from pathlib import Path

import pytest
import torch
import warm
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import ROOT, read, train, weights

from mmlhl.checkpoints import CheckpointError
from mmlhl.checkpoints.checksums import weights_digest
from mmlhl.engine import LifelongRunner
from mmlhl.engine.hooks import lifelong_phase_hook
from mmlhl.evaluation import LifelongRecord


@pytest.fixture(scope="module")
def two_phases(sequence_config, tmp_path_factory):
    """A function: config of two phases; and the weights of an undisturbed run of it."""

    def config(name="run"):
        return sequence_config(
            tmp_path_factory.mktemp("resume") / name,
            phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        )

    undisturbed = config()
    train(undisturbed)
    return config, undisturbed.work_dir


@pytest.fixture(scope="module")
def killed(two_phases, tmp_path_factory):
    """A run that was killed after five of phase two's six steps, one epoch being saved."""
    make, undisturbed = two_phases
    cfg = make()
    doomed = copy.deepcopy(cfg)
    doomed.custom_imports = dict(imports=["mmlhl", "sequence_hooks"], allow_failed_imports=False)
    doomed.custom_hooks = [dict(type="KillHook", task="depth", steps=5)]
    folder = tmp_path_factory.mktemp("config")
    doomed.dump(str(folder / "doomed.py"))
    tool = ROOT / "tools" / "train.py"
    code, text = warm.run(tool, folder / "doomed.py", log=folder / "log")
    assert code == -signal.SIGKILL, text[-4000:]
    return cfg, undisturbed


def test_killed_in_phase_two_and_resumed(killed, monkeypatch):
    cfg, undisturbed = killed
    assert [phase["name"] for phase in read(cfg.work_dir)["phases"]] == ["seg"]
    half = torch.load(Path(cfg.work_dir, "phase_2_depth", "epoch_1.pth"))["state_dict"]
    first = Path(cfg.work_dir, "phase_1_seg", "seg.pth")
    stamp = first.stat().st_mtime_ns

    teachers = []
    build = lifelong_phase_hook.build_teacher

    def spy(*args):
        teachers.append(build(*args))
        return teachers[-1]

    monkeypatch.setattr(lifelong_phase_hook, "build_teacher", spy)
    record = train(cfg, resume=True)

    assert first.stat().st_mtime_ns == stamp  # phase one was not run again
    (teacher,) = teachers
    before = weights(cfg.work_dir, 0)
    assert all(torch.equal(value, before[key]) for key, value in teacher.state_dict().items())
    assert not torch.equal(half["backbone.conv1.weight"], before["backbone.conv1.weight"])

    expected = read(undisturbed)
    assert len(record) == 2 and record.metrics.keys() == expected["metrics"].keys()
    for task, entries in expected["metrics"].items():
        for name, entry in entries.items():
            for got, value in zip(record.values(task, name), entry["values"], strict=True):
                assert got == (value and pytest.approx(value, rel=1e-3)), (task, name)
    mine, theirs = weights(cfg.work_dir, 1), weights(undisturbed, 1)
    for key, value in theirs.items():
        torch.testing.assert_close(mine[key], value, rtol=1e-3, atol=1e-5)


def test_resuming_a_finished_sequence_builds_nothing(two_phases, monkeypatch):
    make, undisturbed = two_phases
    cfg = make()
    cfg.work_dir = undisturbed

    def refuse(*_):
        raise AssertionError("a runner was built")

    monkeypatch.setattr("mmlhl.engine.runners.lifelong_runner.Runner.from_cfg", refuse)
    assert len(train(cfg, resume=True)) == 2


class Stop(Exception):
    pass


@HOOKS.register_module()
class StopHook(Hook):
    """Raises at some point of the phase with a given new task."""

    def __init__(self, task, point):
        self.task, self.point = task, point

    def _maybe(self, runner, point):
        if runner.model.new_tasks == [self.task] and point == self.point:
            raise Stop

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self._maybe(runner, "first step")

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            self._maybe(runner, "second epoch")

    def before_test(self, runner):
        self._maybe(runner, "evaluation")


def stopped(cfg, task, point):
    cfg = copy.deepcopy(cfg)
    cfg.experiment_name += f"_stopped_{task}_{point.replace(' ', '_')}"
    stop = dict(type="StopHook", task=task, point=point)
    cfg.custom_hooks = [*cfg.get("custom_hooks", []), stop]
    with pytest.raises(Stop):
        LifelongRunner.from_cfg(cfg).train()


def epochs_trained(cfg, monkeypatch, **changes):
    """Run on; the phases whose epochs were trained, one entry per epoch."""
    from mmengine.runner import EpochBasedTrainLoop

    seen = []
    run_epoch = EpochBasedTrainLoop.run_epoch

    def spy(loop):
        seen.append(loop.runner.model.new_tasks[0])
        return run_epoch(loop)

    with monkeypatch.context() as patch:
        patch.setattr(EpochBasedTrainLoop, "run_epoch", spy)
        train(cfg, **changes)
    return seen


def test_fresh_start_ignores_an_older_sequence(two_phases, monkeypatch):
    """There are old checkpoints, which must not be resumed."""
    make, _ = two_phases
    cfg = make()
    train(cfg)
    stopped(cfg, "seg", "first step")  # a second sequence in the same folder, without --resume
    assert not Path(cfg.work_dir, "lifelong.json").exists()
    assert epochs_trained(cfg, monkeypatch, resume=True) == ["seg", "seg", "depth", "depth"]
    assert len(read(cfg.work_dir)["phases"]) == 2


def test_stopped_while_evaluating(two_phases, monkeypatch):
    make, undisturbed = two_phases
    cfg = make()
    stopped(cfg, "depth", "evaluation")
    assert len(read(cfg.work_dir)["phases"]) == 1
    assert epochs_trained(cfg, monkeypatch, resume=True) == []  # trained already
    mine, theirs = weights(cfg.work_dir, 1), weights(undisturbed, 1)
    for key, value in theirs.items():
        torch.testing.assert_close(mine[key], value, rtol=1e-3, atol=1e-5)


def test_averaged_weights_are_resumed(two_phases):
    """EMAHook swaps the averaged weights into checkpoints, and back when it resumes."""
    make, _ = two_phases
    cfgs = [make(), make()]
    for cfg in cfgs:
        cfg.custom_hooks = [dict(type="EMAHook", momentum=0.3)]
    train(cfgs[0])
    stopped(cfgs[1], "depth", "second epoch")
    train(cfgs[1], resume=True)
    theirs, mine = (weights(cfg.work_dir, 1) for cfg in cfgs)
    for key, value in theirs.items():
        torch.testing.assert_close(mine[key], value, rtol=1e-3, atol=1e-5)


def test_missing_checkpoint_restarts_its_phase(two_phases, monkeypatch):
    """mmengine removes an old checkpoint before it writes the new one."""
    make, _ = two_phases
    cfg = make()
    stopped(cfg, "depth", "evaluation")
    for path in Path(cfg.work_dir, "phase_2_depth").glob("epoch_*.pth"):
        path.unlink()
    assert epochs_trained(cfg, monkeypatch, resume=True) == ["depth", "depth"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(phases=[dict(tasks=["depth"]), dict(tasks=["seg"])]), r"learned \['seg'\], the"),
        (dict(phases=[dict(tasks=["seg"])]), "2 phase.s., the config has HAD with 1"),
        (dict(method=dict(type="LwF")), "has HAD with 2 phase.s., the config has LwF"),
    ],
)
def test_another_sequence_is_not_resumed(two_phases, change, message):
    make, undisturbed = two_phases
    cfg = make()
    cfg.work_dir, cfg.resume = undisturbed, True
    if "method" in change:
        cfg.model.method = change["method"]
    else:
        cfg.phases = change["phases"]
    with pytest.raises(ValueError, match=message):
        LifelongRunner.from_cfg(cfg).train()


def test_finished_phase_without_its_checkpoint_is_refused(two_phases):
    make, undisturbed = two_phases
    cfg = make()
    record = LifelongRecord.load(Path(undisturbed) / "lifelong.json")
    record.save(Path(cfg.work_dir) / "lifelong.json")
    cfg.resume = True
    with pytest.raises(FileNotFoundError, match=r"seg\.pth is gone.*phase 1.*Put the file back.*"):
        LifelongRunner.from_cfg(cfg).train()


def test_a_later_phase_does_not_go_on_from_one_that_was_trained_anew(two_phases, tmp_path):
    make, undisturbed = two_phases
    cfg = make()
    cfg.work_dir, cfg.resume = str(shutil.copytree(undisturbed, tmp_path / "run")), True
    root = Path(cfg.work_dir)
    (root / "lifelong.json").unlink()
    shutil.rmtree(root / "phase_1_seg")
    cfg.phases[0]["cfg"] = dict(optim_wrapper=dict(optimizer=dict(lr=1e-4)))
    train(cfg, resume=True)
    first = weights_digest(root / "phase_1_seg" / "seg.pth")
    assert first != weights_digest(Path(undisturbed) / "phase_1_seg" / "seg.pth")
    for path in sorted((root / "phase_2_depth").glob("epoch_*.pth")):
        assert torch.load(path)["meta"]["began_with"] == first
    assert len(read(root)["phases"]) == 2


@pytest.mark.parametrize("accident", ["another", "cut"])
def test_an_earlier_phases_model_that_is_not_its_own_is_refused(two_phases, tmp_path, accident):
    make, undisturbed = two_phases
    cfg = make()
    cfg.work_dir, cfg.resume = str(shutil.copytree(undisturbed, tmp_path / "run")), True
    path = Path(cfg.work_dir) / "phase_1_seg" / "seg.pth"
    if accident == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        shutil.copy(Path(cfg.work_dir) / "phase_2_depth" / "depth.pth", path)
    with pytest.raises(
        CheckpointError, match=r"seg\.pth (has other weights|is cut short).*lifelong"
    ):
        LifelongRunner.from_cfg(cfg).train()


def test_another_methods_results_are_not_overwritten(sequence_config, tmp_path):
    record = LifelongRecord("Naive", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 1.0, {"seg/mIoU": 50.0})
    record.save(tmp_path / "lifelong.json")
    before = (tmp_path / "lifelong.json").read_text()
    with pytest.raises(ValueError, match="holds results of Naive, the config trains HAD"):
        LifelongRunner.from_cfg(sequence_config(tmp_path)).train()
    assert (tmp_path / "lifelong.json").read_text() == before
