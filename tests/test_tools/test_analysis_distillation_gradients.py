"""The command that measures the gradients of distillation, on a trained sequence."""

import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "distillation_gradients.py"


def test_on_a_sequence(trained, tmp_path, capsys):
    cfg, _ = trained
    work_dir = Path(cfg.work_dir)
    cfg.dump(tmp_path / "config.py")
    command = [
        str(tmp_path / "config.py"),
        "--images",
        "2",
        "--out",
        str(tmp_path / "new" / "out.md"),
    ]
    command += ["--teacher", str(work_dir / "phase_2_depth" / "depth.pth")]
    runpy.run_path(str(TOOL))["main"](
        [*command, "--student", str(work_dir / "phase_3_normal" / "normal.pth")]
    )
    text = (tmp_path / "new" / "out.md").read_text()
    assert "seg: gradients" in text and "depth: gradients" in text and "normal:" not in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| LwF")]
    assert [row[2] for row in rows] == ["1.00", "1.00"]
    assert "strength" in capsys.readouterr().out


def test_student_and_teacher_mixed_up(trained, tmp_path):
    cfg, _ = trained
    work_dir = Path(cfg.work_dir)
    cfg.dump(tmp_path / "config.py")
    command = [str(tmp_path / "config.py"), "--images", "1"]
    command += ["--teacher", str(work_dir / "phase_3_normal" / "normal.pth")]
    command += ["--student", str(work_dir / "phase_2_depth" / "depth.pth")]
    with pytest.raises(ValueError, match=r"student has no head for \['normal'\]"):
        runpy.run_path(str(TOOL))["main"](command)
