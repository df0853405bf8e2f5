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


# -- mismatched checkpoints ------------------------------------------------------------------
@pytest.fixture
def other_classes(model_config, decoder_config):
    heads = model_config()["heads"]
    heads["seg"] = dict(type="SegmentationHead", num_classes=5, decoder=decoder_config())
    return heads


@pytest.mark.parametrize("load", [by_torch, by_mmengine])
def test_testing_another_shape_is_an_error(build, checkpoint, other_classes, load):
    path, _ = checkpoint("seg")
    with pytest.raises(ValueError, match=r"heads\.seg.*\(13, 8, 1, 1\).*\(5, 8, 1, 1\)"):
        load(build(heads=other_classes), path)


def test_testing_a_part_of_an_encoder_is_an_error(build, checkpoint):
    _, saved = checkpoint("seg")
    state = saved.state_dict()
    del state["backbone.layer4.1.conv2.weight"]
    with pytest.raises(ValueError, match=r"backbone.layer4.1.conv2.weight: not in"):
        build().load_state_dict(state, strict=False)
    state = {key: v for key, v in saved.state_dict().items() if "num_batches_tracked" not in key}
    build().load_state_dict(state, strict=False)  # older torch has none


def test_a_phase_goes_on_but_predicts_nothing_untrained(
    build, checkpoint, other_classes, images, samples
):
    path, _ = checkpoint("seg")
    model = build(["seg", "depth"], new_tasks=["depth"], method=dict(type="Naive"))
    by_mmengine(model, path)
    with pytest.raises(ValueError, match=r"heads\.depth\..*not in the checkpoint"):
        model.predict(images())
    model.loss(images(), samples())
    assert len(model.predict(images())) == 2
    # with a method that distils, the head of an old task may be another
    model = build(["seg", "depth"], new_tasks=["depth"], heads=other_classes)
    load_checkpoint(model, str(path), map_location="cpu")
    with pytest.raises(ValueError, match=r"heads\.seg.*\(5, 8, 1, 1\) in the config"):
        model.predict(images())


def test_the_weights_of_another_segmentor_are_no_test(build, images):
    model = build()
    weights = {f"backbone.{k}": v for k, v in model.backbone.state_dict().items()}
    load = dict(weights, **{"decode_head.conv_seg.bias": torch.ones(13)})
    model.load_state_dict(load, strict=False)
    with pytest.raises(ValueError, match=r"heads\.seg.*not in the checkpoint"):
        model.predict(images())
