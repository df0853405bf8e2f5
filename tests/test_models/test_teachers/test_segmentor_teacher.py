from types import SimpleNamespace

import pytest
import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.models.teachers import build_frozen_segmentor, convert_inputs, model_config


def preprocessor(mean=(100.0, 110.0, 120.0), std=(50.0, 55.0, 60.0), **kwargs):
    kwargs.setdefault("bgr_to_rgb", True)
    return SegDataPreProcessor(mean=mean, std=std, size=(8, 10), **kwargs)


OTHERS = {
    "the same": dict(),
    "other mean and order": dict(mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), bgr_to_rgb=False),
    "other padding": dict(pad_val=7),
    "no normalisation": dict(mean=None, std=None, pad_val=3, bgr_to_rgb=False),
    "other order only": dict(bgr_to_rgb=False),
}


@pytest.mark.parametrize("source", OTHERS)
@pytest.mark.parametrize("target", OTHERS)
def test_converted_batch_is_what_the_target_makes_of_the_images(source, target):
    generator = torch.Generator().manual_seed(0)
    images = [
        torch.randint(256, (3, 8, 10), generator=generator, dtype=torch.uint8),
        torch.randint(256, (3, 6, 7), generator=generator, dtype=torch.uint8),
    ]

    def batch(processor):
        data = dict(inputs=list(images), data_samples=[SegDataSample() for _ in images])
        data = processor(data, training=True)
        return data["inputs"], data["data_samples"]

    source, target = preprocessor(**OTHERS[source]), preprocessor(**OTHERS[target])
    converted = convert_inputs(*batch(source), source, target)
    torch.testing.assert_close(converted, batch(target)[0], atol=1e-3, rtol=1e-4)


def test_nothing_to_do_gives_the_batch_itself_and_size_resizes():
    inputs = torch.randn(1, 3, 8, 10)
    samples = [SimpleNamespace(metainfo={})]
    one, two = preprocessor(), preprocessor()
    assert convert_inputs(inputs, samples, one, two) is inputs
    assert convert_inputs(inputs, samples, one, two, (16, 12)).shape == (1, 3, 16, 12)


def test_model_config_takes_models_configs_and_students(cnn_segmentor):
    model = cnn_segmentor()
    assert model_config(model) == model
    assert model_config(dict(model=model, optim_wrapper=dict())) == model
    assert model_config(dict(model=dict(type="DistilledSegmentor", student=model))) == model
    # a preprocessor beside the model is the model's, as mmengine's runner has it
    outer = dict(type="SegDataPreProcessor", mean=[1.0, 2, 3], std=[4.0, 5, 6])
    bare = {key: value for key, value in model.items() if key != "data_preprocessor"}
    wrapper = dict(type="DistilledSegmentor", student=bare)
    for given in (bare, wrapper, dict(wrapper, data_preprocessor=outer)):
        found = model_config(dict(model=given, data_preprocessor=outer))
        assert found == dict(bare, data_preprocessor=outer)
    own = dict(outer, mean=[0.0, 0, 0])
    kept = model_config(dict(model=dict(bare, data_preprocessor=own), data_preprocessor=outer))
    assert kept["data_preprocessor"] == own
    with pytest.raises(ValueError, match="no model"):
        model_config(dict(optim_wrapper=dict()))
    shipped = model_config("configs/segmentation/rooms_segformer-b0.py")
    assert shipped == model_config("mmlhl::segmentation/rooms_segformer-b0.py")
    assert shipped["decode_head"]["type"] == "SegformerHead"
    with pytest.raises(FileNotFoundError, match="teacher.config: there is no config 'nowhere.py'"):
        model_config("nowhere.py")


def test_checkpoint_of_the_model_with_another_auxiliary_head(tmp_path, cnn_segmentor):
    config = cnn_segmentor()
    auxiliary = dict(config["decode_head"], num_classes=9)
    trained = MODELS.build(dict(config, auxiliary_head=auxiliary))
    state = {f"module.{key}": value for key, value in trained.state_dict().items()}
    torch.save(dict(state_dict=state), tmp_path / "trained.pth")
    for own in (None, dict(auxiliary, num_classes=5)):
        model = dict(config, auxiliary_head=own)
        teacher = build_frozen_segmentor(model, str(tmp_path / "trained.pth"))
        assert not teacher.training
        assert not any(p.requires_grad for p in teacher.parameters())
        for key, value in trained.state_dict().items():
            if not key.startswith("auxiliary_head"):
                assert torch.equal(teacher.state_dict()[key], value)


def test_checkpoint_that_does_not_fit(tmp_path, cnn_segmentor):
    state = MODELS.build(cnn_segmentor(num_classes=4)).state_dict()
    del state["backbone.conv1.weight"]
    path = tmp_path / "other.pth"
    torch.save(dict(state_dict=state), path)
    with pytest.raises(ValueError) as error:
        build_frozen_segmentor(cnn_segmentor(num_classes=3), str(path))
    for part in (
        "other.pth",
        "backbone.conv1.weight: not in the checkpoint",
        "(4, 8, 1, 1) in the checkpoint, (3, 8, 1, 1) in the config",
    ):
        assert part in str(error.value)
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        build_frozen_segmentor(cnn_segmentor(), "nowhere.pth")
