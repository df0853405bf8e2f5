"""The command that measures the gradients of each loss, on a trained model."""

import runpy
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "loss_gradients.py"


def test_on_a_trained_model(trained, tmp_path, capsys):
    cfg, _ = trained
    single = {**cfg.to_dict(), "model": {**cfg.model.to_dict(), "tasks": ["seg"]}}
    type(cfg)(single).dump(tmp_path / "config.py")
    checkpoint = Path(cfg.work_dir) / "phase_1_seg" / "seg.pth"
    out = tmp_path / "out.md"
    runpy.run_path(str(TOOL))["main"](
        [str(tmp_path / "config.py"), str(checkpoint), "--batches", "2", "--out", str(out)]
    )
    assert "| seg.loss_ce |" in out.read_text() and "1.000" in out.read_text()
    assert "acc" not in out.read_text() and "seg.loss_ce" in capsys.readouterr().out
