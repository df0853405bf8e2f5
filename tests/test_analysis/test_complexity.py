"""Parameters and FLOPs compared with hand-computed numbers."""

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmlhl.analysis.complexity import amount, measure, measure_phases, phase_sheet, task_sheet


class Small(nn.Module):
    """A 1x1 convolution from 3 to 4 channels, two heads of 1x1 convolutions, one unused."""

    def __init__(self, attention=False):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 1)
        self.heads = nn.ModuleDict({"a": nn.Conv2d(4, 2, 1), "b": nn.Conv2d(4, 5, 1, bias=False)})
        self.distillers = nn.Linear(7, 7, bias=False)
        self.attention = attention

    def forward(self, inputs):
        feats = self.backbone(inputs)
        if self.attention:
            tokens = feats.flatten(2).transpose(1, 2)
            feats = nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
            feats = feats.transpose(1, 2).unflatten(2, inputs.shape[2:])
        return {task: head(feats) for task, head in self.heads.items()}


def test_parameters_and_flops_equal_hand_computed_ones():
    found = measure(Small(), (2, 5))
    counted = {name: (part.parameters, part.flops) for name, part in found.parts.items()}
    assert counted == {
        "encoder": (3 * 4 + 4, 10 * 3 * 4),
        "a": (4 * 2 + 2, 10 * 4 * 2),
        "b": (4 * 5, 10 * 4 * 5),
        "distillers": (49, 0),
    }
    assert found.total("encoder", "a").flops == 120 + 80
    rows = dict(task_sheet(found).rows)
    assert rows["b alone"] == ["36", "320"] and rows["whole model"] == ["95", "400"]
    assert rows["distillers"] == ["49", "-"]


def test_attention_counts_scores_and_sum():
    plain, attended = measure(Small(), (2, 5)), measure(Small(attention=True), (2, 5))
    assert attended.total().flops - plain.total().flops == 10 * 10 * (4 + 4)
    assert attended.parts["rest"].flops == 800 and "rest" not in plain.parts
    assert attended.uncounted == {}


def test_uncounted_operators_are_listed():
    class Odd(Small):
        def forward(self, inputs):
            return torch.fft.rfft2(super().forward(inputs)["a"]).real

    found = measure(Odd(), (2, 4))
    assert found.uncounted.keys() == {"fft_rfft2", "real"}
    assert "Not counted: 1 x fft_rfft2, 1 x real." in task_sheet(found).notes


@pytest.mark.parametrize("shape", [(32,), (0, 32), (32, 32, 3)])
def test_shape_must_be_height_and_width(shape):
    with pytest.raises(ValueError, match="must be height and width"):
        measure(Small(), shape)


def test_phases_grow_by_their_heads(model_config):
    cfg = Config(dict(model=model_config(), phases=[dict(tasks=[t]) for t in ("seg", "depth")]))
    phases = measure_phases(cfg, (32, 48))
    (_, taught, first), (_, taught_later, second) = phases
    assert (taught, taught_later) == (0, 1)
    assert list(first.parts) == ["encoder", "seg"]
    assert list(second.parts) == ["encoder", "seg", "depth"]
    assert second.parts["seg"] == first.parts["seg"]
    (_, one), (_, two) = phase_sheet(phases).rows
    assert one[-1] == "-" and two[-1] == one[2] and two[0] == "seg, depth"


def test_a_step_runs_every_model_that_teaches(model_config):
    method = dict(type="LwF", teachers="first")
    phases = [dict(tasks=[t]) for t in ("seg", "depth", "normal")]
    measured = measure_phases(
        Config(dict(model=model_config(method=method), phases=phases)), (32, 48)
    )
    assert [teachers for _, teachers, _ in measured] == [0, 1, 2]
    both = sum(found.total().flops for _, _, found in measured[:2])
    assert phase_sheet(measured).rows[2][1][-1] == amount(both)


@pytest.mark.parametrize(
    "number, text",
    [(0, "0"), (999, "999"), (1000, "1.00 K"), (9999, "10.0 K"), (275276160, "275 M")]
    + [(999_600, "1.00 M"), (1834893696, "1.83 G"), (10**15, "1000 T")],
)
def test_amounts_have_three_digits(number, text):
    assert amount(number) == text
