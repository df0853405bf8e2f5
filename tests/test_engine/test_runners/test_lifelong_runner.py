"""A sequence from start to record: fresh, killed and resumed, tested, and on two processes."""

import copy
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS, RUNNERS

from mmlhl.engine import LifelongRunner
from mmlhl.engine.hooks import lifelong_phase_hook
from mmlhl.evaluation import LifelongRecord

ROOT = Path(__file__).resolve().parents[3]


def read(work_dir):
    return json.loads((Path(work_dir) / "lifelong.json").read_text())


def weights(work_dir, phase):
    entry = read(work_dir)["phases"][phase]
    return torch.load(Path(work_dir) / entry["checkpoint"])["state_dict"]


def environment(**extra):
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    env = {key: value for key, value in os.environ.items() if key not in names}
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    threads = str(torch.get_num_threads())
    return {
        **env,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": threads,
        "PYTHON": sys.executable,
        **extra,
    }


def train(cfg, **changes):
    """Run a copy of a config to its end."""
    cfg = copy.deepcopy(cfg)
    cfg.update(changes)
    cfg.experiment_name += "_again" if changes.get("resume") else ""
    return LifelongRunner.from_cfg(cfg).train()


# -- a finished sequence --------------
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
    assert all(phase["seconds"] >= 0 and phase["exemplars"] == 0 for phase in record["phases"])
    figures = dict(seg="mIoU", depth="abs_err", normal="mean_err")
    for index, (task, name) in enumerate(figures.items()):
        entry = record["metrics"][task][name]
        assert entry["higher_is_better"] is (task == "seg")
        assert [value is None for value in entry["values"]] == [i < index for i in range(3)]


def test_each_phase_has_its_own_folder_and_log(trained):
    cfg, _ = trained
    for folder in ("phase_1_seg", "phase_2_depth", "phase_3_normal"):
        (scalars,) = Path(cfg.work_dir, folder).glob("*/vis_data/scalars.json")
        lines = [json.loads(line) for line in scalars.read_text().splitlines()]
        task = folder.split("_")[-1]
        assert any(f"{task}.loss" in key for line in lines for key in line)
        assert not list(Path(cfg.work_dir, folder).glob("*.tmp"))


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
    figures = RUNNERS.build(cfg).test()
    row = {
        f"{task}/{name}": entry["values"][phase]
        for task, entries in record.metrics.items()
        for name, entry in entries.items()
        if entry["values"][phase] is not None
    }
    assert figures.keys() == row.keys()
    for key, value in row.items():
        assert figures[key] == pytest.approx(value, abs=1e-4), key


# -- fresh start, resume --------------
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
    path = tmp_path_factory.mktemp("config") / "doomed.py"
    doomed.dump(str(path))
    command = [sys.executable, str(ROOT / "tools" / "train.py"), str(path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stdout[-2000:] + done.stderr[-4000:]
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
    """Raises at some point of the phase that brings a task."""

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
    """Run on; the phases whose epochs were trained, one entry an epoch."""
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


def test_a_fresh_start_forgets_an_older_sequence(two_phases, monkeypatch):
    """Old checkpoints lie about, but nothing of them may be resumed."""
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


def test_a_checkpoint_that_is_gone_starts_its_phase_anew(two_phases, monkeypatch):
    """mmengine removes an old checkpoint before it writes the new one."""
    make, _ = two_phases
    cfg = make()
    stopped(cfg, "depth", "evaluation")
    for path in Path(cfg.work_dir, "phase_2_depth").glob("epoch_*.pth"):
        path.unlink()
    assert epochs_trained(cfg, monkeypatch, resume=True) == ["depth", "depth"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(phases=[dict(tasks=["depth"]), dict(tasks=["seg"])]), r"learned \['seg'\], the"),
        (dict(phases=[dict(tasks=["seg"])]), "2 phase.s., the config has HAD with 1"),
        (dict(method=dict(type="LwF")), "is of HAD with 2 phase.s., the config has LwF"),
    ],
)
def test_another_sequence_is_not_resumed(two_phases, change, told):
    make, undisturbed = two_phases
    cfg = make()
    cfg.work_dir, cfg.resume = undisturbed, True
    if "method" in change:
        cfg.model.method = change["method"]
    else:
        cfg.phases = change["phases"]
    with pytest.raises(ValueError, match=told):
        LifelongRunner.from_cfg(cfg).train()


def test_a_done_phase_whose_checkpoint_is_gone(two_phases):
    make, undisturbed = two_phases
    cfg = make()
    record = LifelongRecord.load(Path(undisturbed) / "lifelong.json")
    record.save(Path(cfg.work_dir) / "lifelong.json")
    cfg.resume = True
    with pytest.raises(FileNotFoundError, match="phase_1_seg/seg.pth is gone"):
        LifelongRunner.from_cfg(cfg).train()


# -- what runs besides --------------
ALIVE = []


@HOOKS.register_module()
class AliveHook(Hook):
    """Notes how many models of earlier phases are still in memory."""

    models = []

    def before_train(self, runner):
        gc.collect()
        ALIVE.append(sum(model() is not None for model in self.models))
        self.models.append(weakref.ref(runner.model))


def test_no_model_of_an_earlier_phase_stays_in_memory(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", custom_hooks=[dict(type="AliveHook")])
    cfg.train_cfg.max_epochs = 1
    train(cfg)
    assert ALIVE == [0, 0, 0]


@pytest.mark.parametrize("method", ["Naive", "LwF"])
def test_with_ema_and_gradient_accumulation(sequence_config, tmp_path, method):
    cfg = sequence_config(
        tmp_path / "run",
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        custom_hooks=[dict(type="EMAHook", momentum=0.3)],
    )
    cfg.model.method = dict(type=method)
    cfg.optim_wrapper.accumulative_counts = 2
    record = train(cfg)
    stored = torch.load(Path(cfg.work_dir, record.phases[1]["checkpoint"]))
    averaged, last = stored["state_dict"], stored["ema_state_dict"]
    assert not any("teacher" in key for key in last)
    key = "backbone.layer4.1.conv2.weight"
    assert not torch.equal(averaged[key], last[f"module.{key}"])
    # the record is of the averaged weights, and so is the file
    cfg = copy.deepcopy(cfg)
    cfg.load_from = os.path.join(cfg.work_dir, record.phases[1]["checkpoint"])
    cfg.custom_hooks = []
    cfg.experiment_name += "_tested"
    figures = RUNNERS.build(cfg).test()
    for task, name in (("seg", "mIoU"), ("depth", "abs_err")):
        expected = record.metrics[task][name]["values"][1]
        assert figures[f"{task}/{name}"] == pytest.approx(expected, abs=1e-4)
    if method == "Naive":
        first = weights(cfg.work_dir, 0)
        for key, value in averaged.items():
            if key.startswith("heads.seg."):  # BN statistics too
                assert torch.equal(value, first[key]), key


def test_iteration_based_training(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", phases=[dict(tasks=["seg"]), dict(tasks=["depth"])])
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=3, val_interval=1000)
    cfg.train_dataloader.sampler = dict(type="InfiniteSampler", shuffle=True)
    cfg.param_scheduler = [dict(type="PolyLR", begin=0, end=3, by_epoch=False)]
    cfg.default_hooks.checkpoint.by_epoch = False
    cfg.log_processor.by_epoch = False
    assert len(train(cfg)) == 2
    assert Path(cfg.work_dir, "phase_2_depth", "iter_3.pth").exists()


def test_several_tasks_in_one_phase_and_no_test_data(sequence_config, tmp_path):
    cfg = sequence_config(
        tmp_path / "run", phases=[dict(tasks=["seg", "normal"], name="both"), dict(tasks=["depth"])]
    )
    cfg.train_cfg.max_epochs = 1
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    record = train(cfg)
    assert [phase["tasks"] for phase in record.phases] == [["seg", "normal"], ["depth"]]
    assert record.metrics == {}
    assert {key.split(".")[1] for key in weights(cfg.work_dir, 1) if "heads" in key} == {
        "seg",
        "normal",
        "depth",
    }


# -- two processes --------------
def test_two_processes_train_and_evaluate_alike(sequence_config, tmp_path):
    cfg = sequence_config(
        tmp_path / "run",
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        custom_hooks=[dict(type="NoteHook")],
    )
    cfg.custom_imports.imports.append("sequence_hooks")
    cfg.train_dataloader.batch_size = 1
    path = tmp_path / "config.py"
    cfg.dump(str(path))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = ["bash", str(ROOT / "tools" / "dist_train.sh"), str(path), "2"]
    env = environment(PORT=port, CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

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
    figures = RUNNERS.build(cfg).test()  # one process: five images, an odd number
    for key, value in figures.items():
        task, name = key.split("/")
        expected = record["metrics"][task][name]["values"][1]
        assert value == pytest.approx(expected, abs=1e-4), key


def test_another_methods_results_are_not_overwritten(sequence_config, tmp_path):
    record = LifelongRecord("Naive", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 1.0, {"seg/mIoU": 50.0})
    record.save(tmp_path / "lifelong.json")
    before = (tmp_path / "lifelong.json").read_text()
    with pytest.raises(ValueError, match="holds results of Naive, the config trains HAD"):
        LifelongRunner.from_cfg(sequence_config(tmp_path)).train()
    assert (tmp_path / "lifelong.json").read_text() == before
