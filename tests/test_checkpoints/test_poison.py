"""Weights that are NaN or infinite are refused by file and name."""

import pytest
import torch

import mmlhl  # noqa: F401
from mmlhl.checkpoints import PoisonedCheckpointError, poisoned, read_checkpoint
from mmlhl.models.teachers import load_adopted, load_exactly, misfits


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_reading(tmp_path, value, dtype):
    weights = torch.ones(4, dtype=dtype)
    weights[1:3] = value
    state = {"layer.weight": torch.ones(2), "layer.bias": weights, "steps": torch.tensor(3)}
    for content in (dict(state_dict=state), state):
        torch.save(content, tmp_path / "bad.pth")
        with pytest.raises(PoisonedCheckpointError, match=r"bad\.pth.*2 values of layer\.bias"):
            read_checkpoint(tmp_path / "bad.pth")


def test_variances_below_zero(tmp_path):
    state = {"bn.running_var": torch.tensor([1.0, 0.0]), "bn.running_mean": -torch.ones(2)}
    torch.save(state, tmp_path / "good.pth")
    read_checkpoint(tmp_path / "good.pth")
    state["bn.running_var"][1] = -0.5
    torch.save(dict(state_dict=state), tmp_path / "bad.pth")
    with pytest.raises(PoisonedCheckpointError, match=r"bad\.pth.*bn.running_var.* below 0"):
        read_checkpoint(tmp_path / "bad.pth")


def test_infinite_masks_are_accepted(tmp_path):
    state = {"attn_mask": torch.full((2, 2), -float("inf")), "w": torch.ones(1)}
    torch.save(state, tmp_path / "good.pth")
    assert set(read_checkpoint(tmp_path / "good.pth")) == {"attn_mask", "w"}
    assert misfits(state, state) == {}


def test_other_weights_whose_name_holds_a_mask_are_not():
    """A task may be called mask, and BEiT learns a mask token."""
    bad = {
        "heads.mask.decoder.conv_seg.weight": torch.tensor([1.0, -float("inf")]),
        "backbone.mask_token": torch.tensor([float("nan"), float("inf")]),
    }
    assert list(poisoned(bad).values()) == [1, 2] and set(misfits(bad, bad)) == set(bad)


def test_the_exact_loader():
    model = torch.nn.Linear(2, 1)
    before = model.weight.detach().clone()
    state = dict(weight=torch.tensor([[1.0, float("nan")]]), bias=torch.ones(1))
    with pytest.raises(ValueError, match=r"here: weight: 1 values are NaN or infinite"):
        load_exactly(model, state, "here")
    with pytest.raises(ValueError, match=r"some\.pth.*weight: 1 values are NaN"):
        load_adopted(model, state, "seg", "some.pth")
    assert torch.equal(model.weight, before)
