"""Runs of benchmarks: a process with a config, a log and a share of the cores."""

import os
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import running, worker
from mmlhl.evaluation import LifelongRecord


@pytest.fixture
def calls(monkeypatch):
    """Arguments of started processes; none is run, and all fail with 7."""
    seen = []

    class Process:
        exitcode = 7

        def __init__(self, target, args):
            assert target is worker.train
            seen.append(args)

        def start(self):
            pass

        join = start

    monkeypatch.setattr(running, "processes", lambda: SimpleNamespace(Process=Process))
    return seen


def test_train_config_starts_a_process_with_config_log_and_threads(calls, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(running.os, "cpu_count", lambda: 8)
    folder = tmp_path / "a" / "run"
    assert running.train_config(Config(dict(seed=3)), folder, jobs=3, resume=True) == 7
    ((arguments, log, threads),) = calls
    assert arguments == [str(folder / "config.py"), "--work-dir", str(folder), "--resume"]
    assert Config.fromfile(folder / "config.py").seed == 3
    assert log == folder / "train.log" and threads == 2


def test_user_setting_of_threads_is_kept(calls, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    running.train_config(Config(dict()), tmp_path, jobs=1, resume=False)
    ((arguments, _, threads),) = calls
    assert "--resume" not in arguments and threads == 1


def test_real_processes_write_their_logs(tmp_path, sequence_config, monkeypatch):
    """Two runs from one server: one trains, the other fails with its reason in the log."""
    monkeypatch.setenv("PYTHONPATH", "")  # restored afterwards
    cfg = sequence_config(tmp_path / "unused")
    cfg.phases, cfg.log_level = cfg.phases[:1], "INFO"
    assert running.train_config(cfg, tmp_path / "good", jobs=1, resume=False) == 0
    record = LifelongRecord.load(tmp_path / "good" / "lifelong.json")
    assert record.tasks == ["seg"] and "seg" in (tmp_path / "good" / "train.log").read_text()
    cfg.phases = [dict(tasks=["sege"])]
    assert running.train_config(cfg, tmp_path / "bad", jobs=1, resume=False) != 0
    assert "sege" in (tmp_path / "bad" / "train.log").read_text()


def test_text_is_written_atomically(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("before")
    running.write_text(path, "naive → joint ±")
    assert path.read_text(encoding="utf-8") == "naive → joint ±"
    assert os.listdir(tmp_path) == ["report.md"]


def test_report_replaces_the_previous_one(tmp_path):
    path = tmp_path / "benchmarks.md"
    running.write_section(path, "rooms", "first\n")
    assert path.read_text().startswith("<!-- benchmark: rooms -->\n\nfirst\n\n<!-- end of")
    path.write_text(f"# Title\n\n{path.read_text()}\nOur words.\n")
    running.write_section(path, "camvid", "other")
    running.write_section(path, "rooms", "second")
    text = path.read_text()
    assert text.startswith("# Title\n\n<!--") and "first" not in text
    assert text.index("second") < text.index("Our words.") < text.index("other")
    assert text.count("<!-- benchmark: rooms -->") == text.count("<!-- end of benchmark:") - 1 == 1


def test_no_further_run_starts_after_an_interrupt(monkeypatch):
    begun = []

    def train(run):
        begun.append(run)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.execute(range(8), lambda run: False, train, lambda run: run, 1, "x")
    assert len(begun) < 8
