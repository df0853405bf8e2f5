"""What the benchmarks share: a run is a process with a config, a log and a share of the cores."""

import os
import sys
from pathlib import Path

import pytest
from mmengine.config import Config


@pytest.fixture
def tool(benchmark_tool):
    return benchmark_tool("running")


@pytest.fixture
def calls(tool, monkeypatch):
    """Commands and environments in place of processes; each writes a line and fails with 7."""
    seen = []

    def call(command, stdout, stderr, env):
        stdout.write("a line\n")
        seen.append((command, env))
        return 7

    monkeypatch.setattr(tool.subprocess, "call", call)
    return seen


def test_a_run(tool, calls, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(tool.os, "cpu_count", lambda: 8)
    folder = tmp_path / "a" / "run"
    assert tool.train_config(Config(dict(seed=3)), folder, jobs=3, resume=True) == 7
    ((command, env),) = calls
    assert command[0] == sys.executable and command[1].endswith(os.path.join("tools", "train.py"))
    assert Path(command[1]).is_file()
    assert command[2:] == [str(folder / "config.py"), "--work-dir", str(folder), "--resume"]
    assert Config.fromfile(folder / "config.py").seed == 3
    assert (folder / "train.log").read_text() == "a line\n"
    assert env["OMP_NUM_THREADS"] == "2"
    assert env["PYTHONPATH"].split(os.pathsep)[0] == str(tool.ROOT)


def test_threads_that_the_user_set_stay(tool, calls, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    tool.train_config(Config(dict()), tmp_path, jobs=1, resume=False)
    ((command, env),) = calls
    assert "--resume" not in command and env["OMP_NUM_THREADS"] == "1"


def test_text_is_written_whole(tool, tmp_path):
    path = tmp_path / "report.md"
    path.write_text("before")
    tool.write_text(path, "naive → joint ±")
    assert path.read_text(encoding="utf-8") == "naive → joint ±"
    assert os.listdir(tmp_path) == ["report.md"]


def test_a_report_takes_the_place_of_the_one_before(tool, tmp_path):
    path = tmp_path / "benchmarks.md"
    tool.write_section(path, "rooms", "first\n")
    assert path.read_text().startswith("<!-- benchmark: rooms -->\n\nfirst\n\n<!-- end of")
    path.write_text(f"# Title\n\n{path.read_text()}\nOur words.\n")
    tool.write_section(path, "camvid", "other")
    tool.write_section(path, "rooms", "second")
    text = path.read_text()
    assert text.startswith("# Title\n\n<!--") and "first" not in text
    assert text.index("second") < text.index("Our words.") < text.index("other")
    assert text.count("<!-- benchmark: rooms -->") == text.count("<!-- end of benchmark:") - 1 == 1
