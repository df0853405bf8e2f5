"""The log and the event file of a sequence that is interrupted in its second phase and resumed."""

import io
import json
import re
from functools import partial
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from rich.console import Console
from sequences import train

from mmlhl.engine.logs import live

#: a simulated terminal for the interrupted part
TERMINAL = io.StringIO()


class Interrupt(Hook):
    """Ctrl-C after the second step of the second phase, of which only the first is saved."""

    priority = "LOW"
    on = True

    def after_train_iter(self, runner, *args, **kwargs):
        if self.on and runner.iter == 1 and runner.work_dir.endswith("depth"):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def logged(sequence_config, tmp_path_factory):
    """Work dir of the sequence, what the log said when it was interrupted, and its record."""
    pytest.importorskip("tensorboard")
    HOOKS.register_module(module=Interrupt, force=True)
    backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
    hooks = dict(
        logger=dict(type="LoggerHook", interval=1),
        checkpoint=dict(type="CheckpointHook", interval=1, by_epoch=False),
    )
    work_dir = tmp_path_factory.mktemp("logged") / "run"
    cfg = sequence_config(
        work_dir,
        log_level="INFO",
        default_hooks=hooks,
        custom_hooks=[dict(type="Interrupt")],
        train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
        visualizer=dict(type="MultiTaskVisualizer", vis_backends=backends, name="visualizer"),
    )
    cfg.val_cfg = dict(type="ValLoop")
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.phases[1].cfg = dict(optim_wrapper=dict(optimizer=dict(lr=1e-3)))
    Interrupt.on = True
    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        environ = {"TERM": "xterm"}
        fake = partial(Console, force_terminal=True, width=120, _environ=environ)
        patch.setattr(live, "Console", lambda file: fake(file=TERMINAL))
        train(cfg)
    before = (work_dir / "sequence.log").read_text()
    Interrupt.on = False
    return work_dir, before, train(cfg, resume=True)


def events(work_dir):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(work_dir / "vis_data"))
    found.Reload()
    return found


def test_steps_and_tags_of_the_event_file(logged):
    work_dir, _, record = logged
    found = events(work_dir)
    scalars = {
        tag: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }
    assert [step for step, _ in scalars["loss"]] == [1, 2, 3, 4, 5, 6]
    assert scalars["phase"] == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)]
    assert [step for step, _ in scalars["depth.loss_l1"]] == [3, 4]
    assert [step for step, _ in scalars["seg.loss_had_db"]] == [3, 4, 5, 6]
    for task, entries in record.metrics.items():
        for name, entry in entries.items():
            expected = {2 * i: v for i, v in enumerate(entry["values"], 1) if v is not None}
            assert dict(scalars[f"after_phase/{task}/{name}"]) == pytest.approx(expected)
    assert {tag for tag in scalars if tag.startswith("after_phase/seg")} == {
        "after_phase/seg/aAcc",
        "after_phase/seg/mIoU",
        "after_phase/seg/mAcc",
    }


def test_scalars_of_the_file_are_those_of_the_events(logged):
    work_dir, _, _ = logged
    (path,) = work_dir.rglob("scalars.json")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6]
    # the validation after each phase's only epoch is placed at its iteration
    assert [line["step"] for line in lines if "seg/mIoU" in line] == [2, 4, 6]
    losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
    assert losses == pytest.approx({e.step: e.value for e in events(work_dir).Scalars("loss")})


def test_log_files_are_written_at_the_root_only(logged):
    work_dir, _, _ = logged
    assert [path.name for path in work_dir.rglob("*.log")] == ["sequence.log"]
    assert {path.parent for path in work_dir.rglob("events.*")} == {work_dir / "vis_data"}


def test_environment_and_config_are_written_once(logged):
    work_dir, before, _ = logged
    text = (work_dir / "sequence.log").read_text()
    assert text.startswith(before) and before.endswith("WARNING - ends early: KeyboardInterrupt\n")
    for once in ("System environment:", "Config:\n", "Name of parameter - Initialization"):
        assert before.count(once) == text.count(once) == 1
    assert text.count("resumed, with mmlhl ") == 1
    later = text[text.index("resumed, with") :]
    assert len(later.splitlines()) < 200  # of two phases with four evaluations; one had 600


def test_each_phase_logs_its_differences(logged):
    work_dir, _, _ = logged
    lines = (work_dir / "sequence.log").read_text().splitlines()
    (seg,) = [line for line in lines if "phase 1/3 seg: task" in line]
    assert seg.endswith("task seg, 4 images, 2 a step, method HAD, 1 epoch of 2 steps, seed 0")
    depth = [index for index, line in enumerate(lines) if "phase 2/3 depth: task" in line]
    assert "method HAD (keeps seg)" in lines[depth[0]] and len(depth) == 2
    assert lines[depth[0] + 1] == "    cfg.optim_wrapper.optimizer.lr = 0.001"


def test_lines_have_phase_and_two_etas(logged):
    work_dir, _, _ = logged
    lines = (work_dir / "sequence.log").read_text().splitlines()
    trained = [line for line in lines if "Epoch(train)" in line]
    assert len(trained) == 7  # one step was done twice
    assert all(" - phase " in line and "  eta: 0:00:0" in line for line in trained)
    assert all("  eta_sequence: " in line for line in trained)


def test_a_terminal_shows_phase_and_sequence_and_is_left_clean(logged):
    shown = TERMINAL.getvalue()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    lines = [" ".join(re.sub("[━╸╺]", "", line).split()) for line in re.split("[\r\n]", plain)]
    assert any(re.fullmatch(r"phase 1/3 seg 2/2 eta 0:00:00 epoch 1/1", line) for line in lines)
    # without a dry run, later phases count as long as the present one
    assert any(re.fullmatch(r"sequence 2/6 eta 0:00:0\d", line) for line in lines)
    assert any(re.fullmatch(r"seg loss_ce \d\.\d{4}", line) for line in lines)
    assert "phase 1/3 seg: task seg, 4 images" in plain and "HAD, seed 0: after 1 phase" in plain
    assert "Epoch(train)" not in plain and "System environment" not in plain
    assert shown.endswith("\x1b[2K") and shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")


def test_teacher_is_mentioned_in_the_log(logged):
    work_dir, before, _ = logged
    seg = work_dir / "phase_1_seg" / "seg.pth"
    assert f"teacher of seg: {seg}, frozen" in before
    assert f"phase 2/3 depth: the student starts from {seg}" in before
    text = (work_dir / "sequence.log").read_text()
    assert "phase 2/3 depth: the student goes on from" in text
    assert "Loads checkpoint by" not in text


def test_metrics_missing_after_a_kill_are_logged_on_resume(logged, sequence_config):
    work_dir, _, record = logged
    path = work_dir / "vis_data" / "scalars.json"
    whole = path.read_text()
    path.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    cfg = sequence_config(work_dir)
    cfg.train_cfg.max_epochs = 1
    again = train(cfg, resume=True, resume_changed=True)
    assert again.same_results(record)
    last = json.loads(path.read_text().splitlines()[-1])
    assert last["step"] == 6
    assert last["after_phase/seg/mIoU"] == record.values("seg", "mIoU")[-1]


def test_new_sequence_moves_old_logs(tmp_path, sequence_config, monkeypatch):
    (tmp_path / "vis_data").mkdir()
    (tmp_path / "sequence.log").write_text("old")
    monkeypatch.setattr(
        live.LiveProgress, "start", lambda self: 1 / 0
    )  # the first that comes after
    with pytest.raises(ZeroDivisionError):
        train(sequence_config(tmp_path))
    (old,) = Path(tmp_path, "earlier_logs").glob("*/sequence.log")
    assert old.read_text() == "old"
    assert "ends early: ZeroDivisionError" in (tmp_path / "sequence.log").read_text()
