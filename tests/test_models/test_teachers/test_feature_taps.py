import pytest
import torch
from torch import nn

from mmlhl.models.teachers import FeatureTaps, find_channels, run_for_taps


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, padding=1)

    def forward(self, x):
        x = self.conv1(x)
        return x, self.conv2(x)


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 5, 1)
        self.tokens = nn.Flatten(2)
        self.idle = nn.Identity()
        self.runs = 0

    def forward(self, feats):
        self.runs += 1
        logits = self.conv(feats[-1])
        self.tokens(logits)
        return logits, "something else"


class Segmentor(nn.Module):
    def __init__(self):
        super().__init__()
        self.data_preprocessor = nn.Identity()
        self.backbone, self.decode_head = Backbone(), Head()

    def extract_feat(self, x):
        return self.backbone(x)

    def forward(self, x, mode):
        # As mmseg does it: not through __call__, so no forward hook would run.
        return self.decode_head.forward(self.extract_feat(x))


@pytest.fixture
def model():
    return Segmentor()


def test_maps_by_index_name_and_logits(model):
    x = torch.randn(1, 3, 8, 8)
    taps = [0, -1, "logits", "backbone.conv2", "decode_head.conv"]
    filled = run_for_taps(model, x, taps)
    first, last = model.backbone(x)
    assert torch.equal(filled[0], first)
    for tap in (-1, "backbone.conv2"):
        assert torch.equal(filled[tap], last)
    for tap in ("logits", "decode_head.conv"):
        assert torch.equal(filled[tap], model.decode_head.conv(last))


def test_the_head_runs_only_if_it_is_needed(model):
    run_for_taps(model, torch.randn(1, 3, 8, 8), [0, "backbone.conv1"])
    assert model.decode_head.runs == 0
    run_for_taps(model, torch.randn(1, 3, 8, 8), [0, "logits"])
    assert model.decode_head.runs == 1


def test_hooks_are_removed_even_after_an_error(model):
    model.backbone.forward = own = model.backbone.forward
    with pytest.raises(RuntimeError), FeatureTaps(model, [0, "logits"]):
        assert model.backbone.forward is not own
        raise RuntimeError
    assert model.backbone.forward is own
    assert "forward" not in vars(model.decode_head)


def test_gradient_flows(model):
    with FeatureTaps(model, [1]) as taps:
        model(torch.randn(1, 3, 8, 8), mode="tensor")
    taps[1].sum().backward()
    assert model.backbone.conv1.weight.grad.abs().sum() > 0


def test_find_channels_keeps_the_mode(model):
    model.eval()
    assert find_channels(model, [0, 1, "logits"]) == {0: 4, 1: 6, "logits": 5}
    assert not model.training
    model.train()
    find_channels(model, [0])
    assert model.training


def test_find_channels_when_the_model_does_not_run(model):
    model.backbone.conv2 = nn.Conv2d(99, 6, 1)
    with pytest.raises(ValueError, match="64x64.*student_channels"):
        find_channels(model, [0])
    assert model.training


@pytest.mark.parametrize(
    "tap, message",
    [
        (2, "only 2 maps"),
        ("decode_head.idle", "did not run"),
        ("decode_head.tokens", r"\(1, 5, 256\)"),
        ("backbone", "2 maps, not one"),
    ],
)
def test_taps_without_a_map_are_refused(model, tap, message):
    with pytest.raises(ValueError, match=message):
        find_channels(model, [tap])


def test_unknown_module_names_near_ones(model):
    with pytest.raises(ValueError, match="backbone.conv9.*backbone.conv"):
        FeatureTaps(model, ["backbone.conv9"])
