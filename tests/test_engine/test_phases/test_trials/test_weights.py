"""A phase's first weights are tried: initialisers that act, files that fit."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from shared_fixtures import tiny_decoder, tiny_model_config, two_stages

from mmlhl.engine.hooks.training_facts_hook import _drop_other_heads
from mmlhl.engine.phases.trials.weights import check_loaded, try_weights

TASKS = ["seg", "depth"]


def config(**changes):
    model = tiny_model_config(backbone=two_stages())
    for task in model["heads"]:
        model["heads"][task]["decoder"] = tiny_decoder(in_channels=8, in_index=1)
    for key, value in changes.items():
        node, *keys = [model, *key.split("__")]
        for name in keys[:-1]:
            node = node[name]
        node[keys[-1]] = value
    return Config(dict(model=copy.deepcopy(model)))


def tried(cfg, tasks=TASKS, **options):
    model = MODELS.build(copy.deepcopy(cfg.model.to_dict()))
    try_weights(cfg, model, tasks, "phases[1]", **options)
    return model


def saved(path, state):
    torch.save(dict(state_dict=state), path)
    return str(path)


@pytest.fixture(scope="module")
def state():
    """Weights of a backbone, with batch norms that have been trained."""
    torch.manual_seed(0)
    backbone = MODELS.build(two_stages())
    return {k: torch.rand_like(v) if v.ndim == 1 else v for k, v in backbone.state_dict().items()}


@pytest.mark.parametrize(
    ("place", "init", "message"),
    [
        ("heads__depth__decoder", dict(type="Normal", std=0.1), "layer='Conv2d'"),
        ("backbone", dict(type="Kaiming"), "initialise nothing: name the layers"),
        ("backbone", [dict(type="Xavier", layer="Linear")], "no layer Linear in ResNet.*Conv2d"),
        ("heads__seg", dict(type="Constant", val=0.0, layer=["LayerNorm", "Conv3d"]), "LayerNorm"),
    ],
)
def test_an_initialiser_without_any_layer_is_refused(place, init, message):
    key = place.replace("__", ".")
    with pytest.raises(ValueError, match=rf"^phases\[1\]: model.{key}.init_cfg: .*{message}"):
        tried(config(**{f"{place}__init_cfg": init}))


@pytest.mark.parametrize(
    ("place", "init", "message"),
    [
        ("heads__depth__decoder", dict(name="conv_segg"), "conv_segg"),
        ("heads__seg", dict(name="decoder.conv"), "decoder.conv"),
        ("backbone", dict(name="layer9"), "layer9"),
    ],
)
def test_an_override_of_a_module_that_does_not_exist(place, init, message):
    init = dict(type="Normal", std=0.01, override=init)
    with pytest.raises(ValueError, match=rf"^phases\[1\]: model.*init_cfg: .*{message}"):
        tried(config(**{f"{place}__init_cfg": init}))


def test_initialisers_that_act():
    model = tried(
        config(
            backbone__init_cfg=[
                dict(type="Constant", val=3.0, layer=["Linear", "_BatchNorm"]),
                dict(type="Xavier", layer="Conv2d"),
            ],
            heads__seg__decoder__init_cfg=dict(
                type="Constant", val=7.0, override=dict(name="conv_seg")
            ),
        )
    )
    assert (model.backbone.bn1.weight == 3).all()
    assert (model.heads["seg"].decoder.conv_seg.weight == 7).all()


def test_only_what_is_new_in_a_phase_is_tried():
    wrong = dict(type="Normal", std=0.1)
    tried(config(heads__seg__init_cfg=wrong), ["depth"])
    tried(config(backbone__init_cfg=wrong), encoder=False)


def test_files_of_a_backbone(state, tmp_path, caplog):
    def start(state, **options):
        init = dict(type="Pretrained", checkpoint=saved(tmp_path / "a.pth", state), **options)
        return tried(config(backbone__init_cfg=init))

    model = start(state)
    assert torch.equal(model.backbone.conv1.weight, state["conv1.weight"])
    longer = {f"backbone.{key}": value for key, value in state.items()}
    start(longer, prefix="backbone.")
    start({**state, "fc.weight": torch.zeros(9, 9)})
    with pytest.raises(ValueError, match=r"model.backbone.init_cfg: .*fills 0%.*prefix="):
        start(longer)
    with pytest.raises(ValueError, match="model.backbone: init_cfg: .*bakbone"):
        start(longer, prefix="bakbone.")
    with pytest.raises(ValueError, match=r"conv1.weight is \(2, 3, 7, 7\) there, \(4, 3, 7, 7\)"):
        start({key: torch.cat([value[:2]]) for key, value in state.items() if value.ndim})


@pytest.mark.parametrize("key", ["init_cfg", "pretrained"])
def test_weights_of_an_address_are_compared_as_well(state, tmp_path, monkeypatch, key):
    whole = {f"backbone.{name}": value for name, value in state.items()}
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda _, path, **__: saved(path, whole))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    address = "https://example.org/segmentor.pth"
    start = address if key == "pretrained" else dict(type="Pretrained", checkpoint=address)
    with pytest.raises(ValueError, match=f"{address}' fills 0%.*prefix="):
        tried(config(**{f"backbone__{key}": start}))
    with pytest.raises(ValueError, match="load_from='https.*no weight of it fits"):
        renamed = {name.upper(): value for name, value in whole.items()}
        saved(tmp_path / "hub" / "checkpoints" / "segmentor.pth", renamed)
        cfg = config()
        cfg.load_from = address
        check_loaded(cfg, tried(cfg), "phases[0]")


def test_a_file_that_fills_a_part_is_named(state, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(
        "mmlhl.engine.phases.trials.weights.print_log", lambda text, *_: lines.append(text)
    )
    some = {key: value for key, value in state.items() if not key.startswith("layer2")}
    init = dict(type="Pretrained", checkpoint=saved(tmp_path / "a.pth", some))
    tried(config(backbone__init_cfg=init))
    assert len(lines) == 1 and "fills 37%" in lines[0] and "not layer2.0.conv1.weight" in lines[0]


def test_load_from(state, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(
        "mmlhl.engine.phases.trials.weights.print_log", lambda text, *_: lines.append(text)
    )
    cfg = config()
    model = MODELS.build(copy.deepcopy(cfg.model.to_dict()))
    whole = model.state_dict()

    def check(state):
        cfg.load_from = saved(tmp_path / "a.pth", state)
        check_loaded(cfg, model, "phases[0]")

    check(whole)
    check({f"module.{key}": value for key, value in whole.items()})
    check({key: value for key, value in whole.items() if not key.startswith("heads.depth")})
    assert lines == []
    encoder = {f"backbone.{key}": value for key, value in state.items()}
    check(encoder)
    assert lines == []
    check({**encoder, "decode_head.conv_seg.weight": torch.zeros(1)})  # of an mmseg segmentor
    assert len(lines) == 1 and "phases[0].checkpoint=... takes it" in lines.pop()
    other = {key: value for key, value in whole.items() if "layer1.0.conv1" not in key}
    other["heads.seg.decoder.conv_seg.bias"] = torch.zeros(5)
    check(other)
    assert len(lines) == 1 and "leaves 2 of" in lines[0] and "(5,) in the checkpoint" in lines[0]
    for wrong, hint in (
        (state, r"backbone.init_cfg=dict\(type='Pretrained'"),
        ({}, "its weights are none"),
        ({"a.b": torch.zeros(1)}, "its weights are a.b"),
        ({f"student.{key}": value for key, value in whole.items()}, "student.backbone"),
    ):
        with pytest.raises(ValueError, match=rf"^phases\[0\]: load_from=.*no weight.*{hint}"):
            check(wrong)


def test_heads_that_a_training_does_not_have_yet_are_dropped():
    cfg = config(tasks=["seg"], new_tasks=["seg"])
    model = MODELS.build(copy.deepcopy(cfg.model.to_dict()))
    loaded = dict(
        state_dict={
            "module.heads.seg.a": 1,
            "module.heads.depth.a": 2,
            "module.heads.normal.b": 3,
            "module.backbone.c": 4,
        }
    )
    _drop_other_heads(model, loaded, "the checkpoint x.pth")
    assert list(loaded["state_dict"].values()) == [1, 4]
