"""A plain mmseg model as the first phase of a sequence."""

import copy
import json

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.registry import MODELS, RUNNERS

from mmlhl.models.teachers import adopt_state_dict, load_adopted


def plain_mmseg(model_config, decoder_config, **decoder):
    """Config of an EncoderDecoder with the backbone of the tiny lifelong model."""
    tiny = model_config()
    preprocessor = dict(type="SegDataPreProcessor", size=(32, 48))
    return dict(
        type="EncoderDecoder",
        data_preprocessor={**tiny["data_preprocessor"], **preprocessor},
        backbone=tiny["backbone"],
        decode_head=decoder_config(num_classes=13, **decoder),
        auxiliary_head=decoder_config(num_classes=13, in_index=2, in_channels=16),
        train_cfg=dict(),
        test_cfg=dict(mode="whole"),
    )


def save(model, path):
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)


def test_rename():
    state = {"backbone.a": 1, "neck.b": 2, "decode_head.c.d": 3, "auxiliary_head.e": 4}
    assert adopt_state_dict(state, "seg") == {
        "backbone.a": 1,
        "neck.b": 2,
        "heads.seg.decoder.c.d": 3,
    }


def test_wrong_classes_are_named(mmseg_scope, model_config, decoder_config):
    model = MODELS.build(plain_mmseg(model_config, decoder_config))
    state = model.state_dict()
    lifelong = MODELS.build(dict(model_config(), tasks=["seg"]))
    before = copy.deepcopy(lifelong.state_dict())
    state["decode_head.conv_seg.bias"] = torch.zeros(19)
    del state["backbone.conv1.weight"]
    with pytest.raises(ValueError) as error:
        load_adopted(lifelong, state, ["seg"], "some.pth")
    message = str(error.value)
    assert "some.pth" in message and "backbone.conv1.weight: not in the checkpoint" in message
    assert "decode_head.conv_seg.bias: (19,) in the checkpoint, (13,) in the config" in message
    for key, value in lifelong.state_dict().items():  # completely or not at all
        assert torch.equal(value, before[key])


def test_a_lifelong_model_brings_several_tasks(mmseg_scope, model_config, decoder_config):
    given = MODELS.build(dict(model_config(), tasks=["seg", "depth", "normal"])).state_dict()
    both = MODELS.build(dict(model_config(), tasks=["seg", "depth"]))
    load_adopted(both, given, ["seg", "depth"], "some.pth")
    assert all(torch.equal(value, given[key]) for key, value in both.state_dict().items())
    key = next(key for key in given if key.startswith("heads.depth."))
    del given[key]
    with pytest.raises(ValueError, match=rf"heads\['depth'\]: {key}: not in the checkpoint"):
        load_adopted(both, given, ["seg", "depth"], "some.pth")
    plain = MODELS.build(plain_mmseg(model_config, decoder_config)).state_dict()
    with pytest.raises(ValueError, match=r"decode_head solves one task; .*\['seg', 'depth'\]"):
        load_adopted(both, plain, ["seg", "depth"], "some.pth")


def test_sequence_goes_on_from_mmseg(tmp_path, sequence_config, model_config, decoder_config):
    """mmseg's own test metric is that of phase one, and phase two adds depth."""
    mmseg_model = plain_mmseg(model_config, decoder_config)
    cfg = sequence_config(
        tmp_path / "lifelong",
        phases=[
            dict(tasks=["seg"], checkpoint=str(tmp_path / "mmseg.pth")),
            dict(tasks=["depth"]),
        ],
    )
    own = copy.deepcopy(cfg)
    for key in ("runner_type", "phases", "train_dataloader", "train_cfg", "optim_wrapper"):
        own.pop(key, None)
    own.pop("param_scheduler", None)
    own.model, own.work_dir = mmseg_model, str(tmp_path / "mmseg")
    own.experiment_name = "plain_mmseg_" + tmp_path.name
    own.test_dataloader.dataset.tasks = ["seg"]
    own.test_evaluator = dict(type="IoUMetric", iou_metrics=["mIoU"])
    own.load_from = str(tmp_path / "mmseg.pth")
    runner = Runner.from_cfg(Config(own.to_dict()))
    save(runner.model, tmp_path / "mmseg.pth")
    expected = runner.test()

    RUNNERS.build(cfg).train()
    record = json.loads((tmp_path / "lifelong" / "lifelong.json").read_text())
    miou = record["metrics"]["seg"]["mIoU"]["values"]
    assert miou[0] == pytest.approx(expected["mIoU"], abs=1e-2)
    assert record["metrics"]["depth"]["abs_err"]["values"][0] is None
    assert record["metrics"]["depth"]["abs_err"]["values"][1] > 0
    assert len(record["phases"]) == 2 and record["timing"][0] == 0


def test_only_the_first_phase(sequence_config, tmp_path):
    from mmlhl.engine import parse_phases

    cfg = sequence_config(
        tmp_path, phases=[dict(tasks=["seg"]), dict(tasks=["depth"], checkpoint="x.pth")]
    )
    with pytest.raises(ValueError, match=r"phases\[1\].checkpoint='x.pth'"):
        parse_phases(cfg)
