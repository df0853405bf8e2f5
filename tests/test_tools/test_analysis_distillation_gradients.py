"""Strength and place of a distillation loss's gradient, by hand and on a trained sequence."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from mmlhl.models.heads import DepthHead

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "distillation_gradients.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_gradients", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look
    spec.loader.exec_module(module)
    return module


def test_by_hand(tool, decoder_config):
    distance = torch.tensor([0.01, 0.02, 0.1, 0.2, 0.4, 0.4, 0.5, 0.8, 1.0, 2.0]).view(1, 2, 5)
    label = torch.zeros(1, 1, 2, 5)
    factor = torch.ones(1, requires_grad=True)
    head = DepthHead(decoder_config())

    def pull(name):
        return tool.pull(tool.METHODS[name], head, factor * distance[:, None], label, [factor])

    value, length, vector = pull("LwF")
    assert vector.tolist() == pytest.approx([0.543])  # d mean(f L) / df
    assert value == pytest.approx(0.543) and torch.allclose(length, torch.full((1, 2, 5), 0.1))
    near, far = tool.shares(length, distance)
    assert near.tolist() == pytest.approx([10.0]) and far.tolist() == pytest.approx([10.0])
    # the geometric mean G of n pixels: dG / dL_i = G / (n L_i), and half of it in HAD
    value, length, vector = pull("HAD, DB")
    geometric = distance.log().mean().exp()
    assert value == pytest.approx(float(geometric) / 2)
    assert torch.allclose(length, geometric / (20 * distance))
    near, far = tool.shares(length, distance)
    weights = 1 / distance.flatten()
    assert near.item() == pytest.approx(100 * float(weights[0] / weights.sum()))
    assert far.item() == pytest.approx(100 * float(weights[-1] / weights.sum()))


def test_agreement_of_images(tool):
    def agreement(*vectors):
        pulls = tool.Pulls()
        for vector in vectors:
            ones = torch.ones(1, 2, 5)
            pulls.add(1.0, ones, torch.tensor(vector), ones)
        return pulls.agreement

    assert agreement([3.0, 0.0], [1.0, 0.0]) == pytest.approx(100)
    assert agreement([1.0, 0.0], [0.0, 1.0]) == pytest.approx(100 / 2**0.5)
    assert agreement([1.0, 0.0], [-1.0, 0.0]) == 0


def test_on_a_sequence(tool, trained, tmp_path, capsys):
    cfg, _ = trained
    work_dir = Path(cfg.work_dir)
    cfg.dump(tmp_path / "config.py")
    command = [str(tmp_path / "config.py"), "--images", "2", "--out", str(tmp_path / "out.md")]
    command += ["--teacher", str(work_dir / "phase_2_depth" / "depth.pth")]
    tool.main([*command, "--student", str(work_dir / "phase_3_normal" / "normal.pth")])
    text = (tmp_path / "out.md").read_text()
    assert "seg: gradients" in text and "depth: gradients" in text and "normal:" not in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| LwF")]
    assert [row[2] for row in rows] == ["1.00", "1.00"]
    assert "strength" in capsys.readouterr().out
