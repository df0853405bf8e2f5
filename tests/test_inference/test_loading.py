"""A model is loaded completely from its checkpoint, without downloads."""

import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.models.backbones import TIMMBackbone
from mmseg.registry import MODELS

from mmlhl.checkpoints import StoredConfigError, checkpoint_trust, read_checkpoint
from mmlhl.inference.loading import load_model, without_pretrained


def changed(checkpoint, path, change):
    content = torch.load(checkpoint)
    change(content)
    torch.save(content, path)
    return str(path)


def test_nothing_is_downloaded():
    for kind in ("mmseg.TIMMBackbone", TIMMBackbone):
        backbone = dict(type=kind, model_name="x")
        assert without_pretrained(ConfigDict(backbone=backbone))["backbone"]["pretrained"] is False
    weights = dict(type="Pretrained", checkpoint="http://x")
    stage = dict(init_cfg=weights, pretrained="http://y")
    model = ConfigDict(backbone=dict(type="A", stages=[stage], init_cfg=weights), heads={})
    assert without_pretrained(model) == dict(
        backbone=dict(type="A", stages=[dict(init_cfg=None, pretrained=None)], init_cfg=None),
        heads={},
    )
    assert model.backbone.init_cfg == weights  # the config is not changed


def test_no_scope_has_to_be_set_before(checkpoint):
    init_default_scope("mmengine")
    assert load_model(checkpoint, tasks=["depth"]).model.tasks == ["depth"]


def test_a_checkpoint_of_one_phase_knows_its_tasks(checkpoint, tmp_path):
    def forget(content):
        keys = [key for key in content["state_dict"] if key.startswith("heads.normal")]
        for key in keys:
            del content["state_dict"][key]

    loaded = load_model(changed(checkpoint, tmp_path / "depth.pth", forget))
    assert loaded.model.tasks == ["seg", "depth"] and not loaded.model.training
    assert not any(p.requires_grad for p in loaded.model.parameters())


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c["state_dict"].pop("heads.seg.decoder.conv_seg.bias"), "conv_seg.bias"),
        (lambda c: c["meta"].pop("cfg"), "does not say which config"),
        (
            lambda c: c["meta"].update(cfg="model = dict()"),
            "bad.pth: the config in it has no model",
        ),
        (lambda c: c.update(state_dict={"backbone.x": torch.zeros(1)}), "none of the heads"),
    ],
)
def test_mismatched_checkpoints_are_refused(checkpoint, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        load_model(changed(checkpoint, tmp_path / "bad.pth", change))


@pytest.mark.parametrize(
    "before, after",
    [
        ("depth=18", "depth=None"),
        ("base_channels=4", "base_channels=[1, 2]"),
        ("type='SegmentationHead'", "type=[1]"),
        ("bgr_to_rgb=True", "bgr_to_rgb=True, rgb_to_bgr=True"),
        ("num_classes=13", "num_classes=None"),
    ],
)
def test_configs_from_which_no_model_can_be_built(checkpoint, tmp_path, before, after):
    def damage(content):
        text = content["meta"]["cfg"]
        assert before in text
        content["meta"]["cfg"] = text.replace(before, after)

    path = changed(checkpoint, tmp_path / "bad.pth", damage)
    with pytest.raises(StoredConfigError, match="bad.pth cannot be built from its config: "):
        load_model(path)


def test_a_given_config_and_missing_files(checkpoint, tmp_path, tiny_config):
    bare = changed(checkpoint, tmp_path / "bare.pth", lambda c: c.pop("meta"))
    assert load_model(bare, tiny_config).model.tasks == ["seg", "depth", "normal"]
    with pytest.raises(FileNotFoundError, match="needed as config"):
        load_model(bare, "no_config.py")
    with pytest.raises(FileNotFoundError, match="needed as checkpoint"):
        load_model("gone.pth")
    with pytest.raises(ValueError, match="EncoderDecoder.*MMSegInferencer"):
        load_model(bare, dict(type="EncoderDecoder", backbone=dict(type="ResNet")))
    for wrong in ({}, dict(model={}), dict(model=None), dict(model=dict(heads={}))):
        with pytest.raises(ValueError, match=r"^the given config has no model=dict\(type"):
            load_model(bare, ConfigDict(wrong))
    (tmp_path / "empty.py").write_text("model = dict()")
    with pytest.raises(ValueError, match="^the config .*empty.py has no model="):
        load_model(bare, str(tmp_path / "empty.py"))


@pytest.mark.parametrize(
    "own, message",
    [
        (dict(mean=[0.0, 0.0, 0.0]), r"data_preprocessor.mean is \[123.675.*\[0, 0, 0\] in the ch"),
        (dict(std=[255.0] * 3), r"data_preprocessor.std is .*write model.data_preprocessor="),
        (dict(bgr_to_rgb=False), "data_preprocessor.bgr_to_rgb is True in the config, False in"),
    ],
)
def test_a_given_config_that_prepares_images_otherwise_is_refused(
    checkpoint, tmp_path, tiny_config, own, message
):
    facts = {**tiny_config.model.data_preprocessor, **own}
    path = changed(checkpoint, tmp_path / "a.pth", lambda c: c["meta"].update(input=facts))
    with pytest.raises(ValueError, match=rf"^the checkpoint .*a.pth was trained oth.*{message}"):
        load_model(path, tiny_config)
    own_config = changed(checkpoint, tmp_path / "b.pth", lambda c: c)
    tiny_config = copy.deepcopy(tiny_config)
    tiny_config.model.data_preprocessor.update(own)
    with pytest.raises(ValueError, match="b.pth was trained otherwise than the config says"):
        load_model(own_config, tiny_config)


def test_options_of_a_given_config_that_have_no_weights_are_logged(
    checkpoint, tiny_config, monkeypatch
):
    lines = []
    monkeypatch.setattr("mmlhl.inference.loading.print_log", lambda text, *_: lines.append(text))
    load_model(checkpoint, tiny_config)
    assert not lines
    other = copy.deepcopy(tiny_config)
    other.model.heads.depth.decoder.act_cfg = dict(type="Tanh")
    load_model(checkpoint, other)
    assert len(lines) == 1 and "model.heads.depth.decoder.act_cfg" in lines[0]


def test_a_folder_names_the_models_in_it(tmp_path):
    for name in ("phase_1_edge/edge.pth", "phase_1_edge/epoch_1.pth"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(FileNotFoundError, match="a folder, not a checkpoint; .*edge.pth$"):
        load_model(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="a folder, .*phase_1_edge/edge.pth$"):
        read_checkpoint(tmp_path / "phase_1_edge")
    (tmp_path / "plain").mkdir()
    with pytest.raises(FileNotFoundError, match="a folder, not a checkpoint, and without any"):
        load_model(str(tmp_path / "plain"))
    (tmp_path / "plain/iter_40.pth").touch()
    with pytest.raises(FileNotFoundError, match="plain/iter_40.pth$"):
        load_model(str(tmp_path / "plain"))


HEAD_OF_MINE = """
from mmseg.models.backbones import TIMMBackbone
from mmseg.registry import MODELS
from mmlhl.models.heads import DepthHead

@MODELS.register_module()
class HeadOfMine(DepthHead):
    pass
"""


def test_custom_head_is_named_with_its_module(checkpoint, tmp_path, monkeypatch):
    def change(content):
        text = content["meta"]["cfg"].replace("'DepthHead'", "'HeadOfMine'")
        imports = "custom_imports = dict(imports=['mmlhl', 'heads_of_mine'])"
        kept = text[: text.index("custom_imports")] + text[text.index("default_hooks") :]
        content["meta"]["cfg"] = f"{kept}\n{imports}\n"

    mine = changed(checkpoint, tmp_path / "mine.pth", change)
    (tmp_path / "heads_of_mine.py").write_text(HEAD_OF_MINE)
    message = r"uses HeadOfMine, which is in no registry.*imports heads_of_mine\).*--config"
    with pytest.raises(ValueError, match=message):
        load_model(mine, tasks=["depth"])
    with checkpoint_trust(True):
        with pytest.raises(ValueError, match="imports 'heads_of_mine', which fails .*PYTHONPATH"):
            load_model(mine, tasks=["depth"])
        monkeypatch.syspath_prepend(tmp_path)
        assert load_model(mine, tasks=["depth"]).model.tasks == ["depth"]
    MODELS.module_dict.pop("HeadOfMine")
