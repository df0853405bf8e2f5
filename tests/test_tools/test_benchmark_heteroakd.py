"""The command that runs the benchmark of distillation."""

import runpy
from pathlib import Path

import pytest
from finished_runs import finish_distillation as finish

from mmlhl.analysis.benchmarks import distillation_training
from mmlhl.engine.locking import WorkDirInUse, locked

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs" / "benchmarks"
CNN, TRANSFORMER = "deeplabv3plus-r18-small", "segformer-b0-small"
METHODS = ["No distillation", "Pixel KD", "CWD", "HeteroAKD"]


def test_command_line(tmp_path, monkeypatch):
    trained = []

    def train(run, cfg, root, jobs):
        assert run.teacher_run is None or run.teacher_run.result(root)
        trained.append(run)
        if run.teaches and "segformer" in run.config:
            return 1
        finish(run, root, 50.0)
        return 0

    monkeypatch.setattr(distillation_training, "train", train)
    main = runpy.run_path(str(ROOT / "tools" / "benchmarks" / "heteroakd.py"))["main"]
    config, out = str(CONFIGS / "heteroakd_rooms.py"), tmp_path / "report.md"
    command = [config, "--work-dir", str(tmp_path), "--seeds", "0", "--out", str(out)]
    with locked(tmp_path):
        with pytest.raises(WorkDirInUse, match="two commands in one folder"):
            main(command)
        main([*command, "--report-only"])
    assert not trained and all(f"{method}, {CNN}" in out.read_text() for method in METHODS)
    main(command)
    # the CNN has no teacher: it is only trained alone, as the report states
    assert len(trained) == 2 + 6 + 1
    absent = out.read_text().split("Not run: ")[1]
    assert f"CWD, {CNN}" in absent and TRANSFORMER not in absent and "No distill" not in absent
    main(command)
    assert len(trained) == 9 + 1  # the teacher that failed is tried again, nothing else is
    with pytest.raises(SystemExit, match="Foo"):
        main([config, "--methods", "Foo"])
