"""The command that runs the benchmark of methods."""

import runpy
from pathlib import Path

import pytest
from finished_runs import finish_sequence as finish

from mmlhl.analysis.benchmarks import method_training
from mmlhl.engine.locking import WorkDirInUse, locked

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "benchmarks" / "rooms.py"


def test_command_line(tmp_path, monkeypatch):
    done = []

    def train(run, cfg, root, jobs, records):
        done.append(run)
        finish(run, root, dict(Naive=10.0, Joint=60.0).get(run.label, 30.0 + run.seed))
        return 0

    monkeypatch.setattr(method_training, "train", train)
    main = runpy.run_path(str(ROOT / "tools" / "benchmarks" / "methods.py"))["main"]
    out = tmp_path / "report.md"
    command = [str(CONFIG), "--work-dir", str(tmp_path), "--methods", "Naive", "Joint", "LwF"]
    command += ["--seeds", "0", "1", "--orders", "seg,depth", "--out", str(out)]
    command += ["--records", str(tmp_path / "records")]
    main(command)
    assert "Not run: nothing." in out.read_text() and "30.50 ± 0.71" in out.read_text()
    assert "[0, 1]" in out.read_text() and "batch 4, 7 epochs" in out.read_text()
    assert "share the first phase of a seed" in out.read_text()
    # first phases, bounds and strengths of the search, then the runs
    assert len(done) == 3 + 2 + 4 + 3 * 2
    with locked(tmp_path):
        with pytest.raises(WorkDirInUse, match="two commands in one folder"):
            main(command)
        main([*command, "--report-only"])
    main([*command, "--report-only", "--seeds", "0", "1", "2"])
    assert "LwF on seg → depth (seeds 2)" in out.read_text()
    assert len(done) == 15
    with pytest.raises(SystemExit, match="Foo"):
        main([str(CONFIG), "--methods", "Foo"])
