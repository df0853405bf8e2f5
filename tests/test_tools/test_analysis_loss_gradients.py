"""Length and direction of each loss's gradient, by hand and on a trained model."""

import importlib.util
from pathlib import Path

import pytest
import torch

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "loss_gradients.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_loss_gradients", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Model(torch.nn.Module):
    """w = (1, 2); losses 3 w_0, (w_1^2 as a list of two halves), one without w, and an accuracy."""

    def __init__(self):
        super().__init__()
        self.backbone = torch.nn.Linear(2, 1, bias=False)
        torch.nn.init.constant_(self.backbone.weight, 1.0)
        self.backbone.weight.data[0, 1] = 2.0
        self.other = torch.nn.Parameter(torch.ones(()))
        self.data_preprocessor = lambda data, training: data

    def forward(self, mode):
        w = self.backbone.weight[0]
        halves = [w[1] ** 2 / 2, w[1] ** 2 / 2]
        return {"loss_a": 3 * w[0], "loss_b": halves, "loss_c": self.other, "acc": w[0].detach()}


def test_by_hand(tool):
    found = tool.gradients(Model(), {})
    assert {name: value for name, (value, _) in found.items()} == {
        "loss_a": 3.0,
        "loss_b": 4.0,
        "loss_c": 1.0,
    }
    assert [vector.tolist() for _, vector in found.values()] == [[3, 0], [0, 4], [0, 0]]
    rows = dict(tool.sheet_of([found, found]).rows)
    assert [cell.mean for cell in rows["loss_b"]] == pytest.approx([4.0, 4.0, 4 / 3, 0.0])
    assert [cell.mean for cell in rows["loss_a"]] == pytest.approx([3.0, 3.0, 1.0, 1.0])


def test_on_a_trained_model(tool, trained, tmp_path, capsys):
    cfg, _ = trained
    single = {**cfg.to_dict(), "model": {**cfg.model.to_dict(), "tasks": ["seg"]}}
    type(cfg)(single).dump(tmp_path / "config.py")
    checkpoint = Path(cfg.work_dir) / "phase_1_seg" / "seg.pth"
    out = tmp_path / "out.md"
    tool.main([str(tmp_path / "config.py"), str(checkpoint), "--batches", "2", "--out", str(out)])
    assert "| seg.loss_ce |" in out.read_text() and "1.000" in out.read_text()
    assert "acc" not in out.read_text() and "seg.loss_ce" in capsys.readouterr().out
