"""Lines of the log, and the lines at the beginning of a phase."""

from types import SimpleNamespace

from mmlhl.engine.logs.differences import phase_lines
from mmlhl.engine.logs.log_lines import PhaseLogProcessor, with_sequence_eta
from mmlhl.engine.phases.grammar import Phase


def test_the_sequence_follows_the_phase():
    line = "Epoch(train) [1][2/9]  lr: 1e-3  eta: 1 day, 2:00:00  time: 0.1  loss: 2.0"
    assert with_sequence_eta(line, 7325) == (
        "Epoch(train) [1][2/9]  lr: 1e-3  eta: 1 day, 2:00:00  eta_sequence: 2:02:05  time: 0.1  "
        "loss: 2.0"
    )
    assert with_sequence_eta(line, None) == line
    assert with_sequence_eta("Iter(train) loss: 2.0  ", 5) == (
        "Iter(train) loss: 2.0  eta_sequence: 0:00:05"
    )


def test_lines_begin_with_the_phase():
    inner = SimpleNamespace(
        get_log_after_iter=lambda runner, batch_idx, mode: ({"loss": 1}, f"({mode}) eta: 0:00:01"),
        get_log_after_epoch=lambda *args: ({}, f"after {args[2]}"),
        window_size=7,
    )
    processor = PhaseLogProcessor(inner, "phase 2/3 depth", lambda runner: 60)
    tag, text = processor.get_log_after_iter(None, 0, "train")
    assert tag == {"loss": 1}
    assert text == "phase 2/3 depth  (train) eta: 0:00:01  eta_sequence: 0:01:00"
    assert processor.get_log_after_iter(None, 0, "val")[1] == "phase 2/3 depth  (val) eta: 0:00:01"
    assert processor.get_log_after_epoch(None, 0, "test")[1] == "phase 2/3 depth  after test"
    assert processor.window_size == 7


def test_phase_logs_its_differences():
    cfg = dict(optim_wrapper=dict(optimizer=dict(lr=0.1)), train_pipeline=["x" * 99])
    phase = Phase(1, ("depth",), ("seg", "depth"), "depth", cfg, (dict(neck=dict(type="FPN")),))
    first, *more = phase_lines("phase 2/3 depth", phase, ["4 images", "seed 0"]).splitlines()
    assert first == "phase 2/3 depth: 4 images, seed 0"
    assert more[:2] == ["    model.neck.type = 'FPN'", "    cfg.optim_wrapper.optimizer.lr = 0.1"]
    assert more[2].startswith("    cfg.train_pipeline = ['xxx") and more[2].endswith("...")
    assert len(more) == 3
