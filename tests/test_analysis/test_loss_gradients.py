"""Length and direction of each loss's gradient, by hand."""

import pytest
import torch

from mmlhl.analysis.loss_gradients import gradients, sheet_of


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


def test_by_hand():
    found = gradients(Model(), {})
    assert {name: value for name, (value, _) in found.items()} == {
        "loss_a": 3.0,
        "loss_b": 4.0,
        "loss_c": 1.0,
    }
    assert [vector.tolist() for _, vector in found.values()] == [[3, 0], [0, 4], [0, 0]]
    rows = dict(sheet_of([found, found]).rows)
    assert [cell.mean for cell in rows["loss_b"]] == pytest.approx([4.0, 4.0, 4 / 3, 0.0])
    assert [cell.mean for cell in rows["loss_a"]] == pytest.approx([3.0, 3.0, 1.0, 1.0])
