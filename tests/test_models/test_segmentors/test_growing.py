"""Growing on load: heads follow the checkpoint."""

import copy

import pytest
import torch
from mmengine.runner import load_checkpoint


def by_torch(model, path):
    return model.load_state_dict(torch.load(path)["state_dict"])


def by_mmengine(model, path):
    return load_checkpoint(model, str(path), map_location="cpu", strict=True)


@pytest.fixture
def checkpoint(build, tmp_path):
    """A function: file with the weights of a model of some tasks, and the model."""

    def save(*tasks):
        model = build(list(tasks), seed=5)
        path = tmp_path / f"{'_'.join(tasks)}.pth"
        torch.save(dict(state_dict=model.state_dict(), meta={}), path)
        return path, model

    return save


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_no_tasks_in_the_config_follow_the_checkpoint(build, checkpoint, load):
    path, saved = checkpoint("seg", "normal")
    model = build()
    assert model.tasks == ["seg", "depth", "normal"]
    load(model, path)
    assert model.tasks == ["seg", "normal"] and model.new_tasks == ["seg", "normal"]
    for name, value in saved.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    later, _ = checkpoint("seg", "normal", "depth")
    load(model, later)  # and back again
    assert sorted(model.tasks) == ["depth", "normal", "seg"]


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_heads_of_the_checkpoint_are_added(build, checkpoint, load):
    path, saved = checkpoint("seg", "depth")
    model = build(["seg"]).double().train()
    load(model, path)
    assert model.tasks == ["seg", "depth"] and model.old_tasks == ["depth"]
    grown = model.heads["depth"]
    assert grown.training and next(grown.parameters()).dtype == torch.float64
    torch.testing.assert_close(
        grown.decoder.conv_seg.weight, saved.heads["depth"].decoder.conv_seg.weight.double()
    )


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_a_new_head_keeps_its_initial_weights(build, checkpoint, load):
    path, saved = checkpoint("seg")
    model = build(["seg", "depth"], new_tasks=["depth"])
    before = copy.deepcopy(model.heads["depth"].state_dict())
    load(model, path)  # strict, and no key is missing
    for name, value in model.heads["depth"].state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(model.backbone.conv1.weight, saved.backbone.conv1.weight)


def test_loading_leaves_the_given_dictionary_alone(build, checkpoint):
    _, saved = checkpoint("seg")
    state = saved.state_dict()
    keys = set(state)
    build(["seg", "depth"]).load_state_dict(state)
    assert set(state) == keys


def test_growing_inside_another_module(build, checkpoint):
    _, saved = checkpoint("seg", "depth")
    wrapper = torch.nn.Sequential(build(["seg"]))
    wrapper.load_state_dict({f"0.{key}": value for key, value in saved.state_dict().items()})
    assert wrapper[0].tasks == ["seg", "depth"]


def test_plain_backbone_weights_change_no_heads(build):
    model = build()
    weights = {f"backbone.{k}": v for k, v in model.backbone.state_dict().items()}
    model.load_state_dict(weights, strict=False)
    assert model.tasks == ["seg", "depth", "normal"]
