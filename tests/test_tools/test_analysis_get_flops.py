import runpy
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "get_flops.py"


@pytest.fixture
def run(monkeypatch, capsys):
    def tool(*args):
        monkeypatch.setattr(sys, "argv", [str(TOOL), *map(str, args)])
        runpy.run_path(str(TOOL), run_name="__main__")
        return capsys.readouterr().out

    return tool


def test_a_checkpoint_is_measured_as_far_as_it_has_learned(trained, run, tmp_path):
    checkpoint = Path(trained[0].work_dir) / "phase_2_depth" / "depth.pth"
    out = tmp_path / "deep" / "flops.md"
    shown = run(checkpoint, "--shape", 32, 48, "--out", out)
    assert "One image of 32 x 48 pixels" in shown and "depth alone" in shown
    assert "| whole model |" in out.read_text() and "normal" not in out.read_text()


def test_a_sequence_has_a_table_of_its_phases(sequence_config, run, tmp_path):
    config = tmp_path / "sequence.py"
    sequence_config(tmp_path / "unused").dump(config)
    shown = run(config, "--shape", 32, 48)
    assert "By phase" in shown and "seg, depth, normal" in shown


def test_refusals(run, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"get_flops\.py: .*nowhere\.pth"):
        run(tmp_path / "nowhere.pth")
    for options, message in (
        (["a.pth", "--cfg-options", "model.x=1"], "a checkpoint brings its own"),
        (["a.py", "--out", "x.txt"], "must end in .md"),
    ):
        with pytest.raises(SystemExit):
            run(*options)
        assert message in capsys.readouterr().err
