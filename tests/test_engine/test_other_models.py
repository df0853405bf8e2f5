"""Testing a checkpoint with the config of another model or other tasks is refused."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from mmlhl.checkpoints.training import names_in
from mmlhl.engine import LifelongRunner
from mmlhl.engine.hooks import training_facts_hook
from mmlhl.engine.training_facts import foreign_training, other_kinds, other_model


def last(trained):
    cfg, record = trained
    return f"{cfg.work_dir}/{record.phases[-1]['checkpoint']}"


def measured(sequence_config, tmp_path, path, change):
    cfg = sequence_config(tmp_path, load_from=str(path))
    for key, value in change.items():
        if value is None:
            node = cfg
            for part in key.split(".")[:-1]:
                node = node[part]
            node.pop(key.rpartition(".")[2])
        else:
            cfg.merge_from_dict({key: value})
    return LifelongRunner.from_cfg(cfg).test()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"model.heads.seg.decoder.num_convs": 2}, r"heads.seg.decoder.convs.1.* not in the check"),
        ({"model.heads.normal.decoder.kernel_size": 1}, r"\(8, 32, 3, 3\) in the checkpoint"),
        ({"model.heads.depth.decoder.concat_input": True}, "heads.depth.decoder.conv_cat"),
        ({"model.backbone.depth": 34}, "backbone.layer1.2.* not in the checkpoint"),
        (
            {
                "model.heads.seg.decoder": dict(
                    _delete_=True, type="PSPHead", in_channels=32, in_index=3, channels=8
                )
            },
            "heads.seg.decoder.psp",
        ),
    ],
)
def test_another_decoder_or_encoder(trained, sequence_config, tmp_path, change, text):
    with pytest.raises(ValueError, match=text):
        measured(sequence_config, tmp_path, last(trained), change)


@pytest.mark.parametrize("part", ["backbone.layer1.2.conv1", "heads.depth.decoder.convs.1.conv"])
def test_model_that_is_part_of_the_checkpoint_is_refused(trained, sequence_config, tmp_path, part):
    """A ResNet-34's weights fill a ResNet-18."""
    loaded = torch.load(last(trained), weights_only=True)
    loaded["state_dict"][f"{part}.weight"] = torch.ones(4, 4, 3, 3)
    torch.save(loaded, tmp_path / "deep.pth")
    with pytest.raises(ValueError, match=rf"{part}.weight: the config's model has no such weight"):
        measured(sequence_config, tmp_path, tmp_path / "deep.pth", {})


def test_more_and_fewer_tasks(trained, sequence_config, tmp_path, caplog):
    """Tasks that are not measured are named; without a common task there is no test."""
    second = f"{trained[0].work_dir}/{trained[1].phases[1]['checkpoint']}"
    logs = []
    patch = pytest.MonkeyPatch()
    patch.setattr("mmlhl.models.segmentors.growing.print_log", lambda text, *a: logs.append(text))
    values = measured(sequence_config, tmp_path / "a", second, {})
    assert any(key.startswith("depth/") for key in values)
    assert "the checkpoint has no head for task 'normal': left out, not measured" in logs
    cfg_change = {
        "phases": [dict(tasks=["seg"])],
        "model.heads.depth": None,
        "model.heads.normal": None,
    }
    assert set(measured(sequence_config, tmp_path / "b", second, cfg_change)) == {
        key for key in values if key.startswith("seg/")
    }
    assert "the checkpoint has heads that model.heads does not name: ['depth']" in logs
    patch.undo()
    loaded = torch.load(second, weights_only=True)
    state = loaded["state_dict"]
    loaded["state_dict"] = {
        key.replace("heads.seg.", "heads.semseg.").replace("heads.depth.", "heads.range."): value
        for key, value in state.items()
    }
    torch.save(loaded, tmp_path / "renamed.pth")
    with pytest.raises(
        ValueError, match=r"has the tasks \['range', 'semseg'\], but .* none in common"
    ):
        measured(sequence_config, tmp_path / "c", tmp_path / "renamed.pth", {})


def test_a_test_needs_no_file_of_training_and_no_head_of_a_base(
    trained, sequence_config, tmp_path, monkeypatch
):
    """The first phase's file is for training; a head that no phase learns is no missing one."""
    logs = []
    monkeypatch.setattr(
        "mmlhl.models.segmentors.growing.print_log", lambda text, *_: logs.append(text)
    )
    first = dict(tasks=["seg"], checkpoint=str(tmp_path / "gone.pth"))
    second, third = (
        f"{trained[0].work_dir}/{each['checkpoint']}" for each in trained[1].phases[1:]
    )
    phases = {"phases": [first, dict(tasks=["depth"])]}
    values = measured(sequence_config, tmp_path, second, phases)
    assert {key.partition("/")[0] for key in values} == {"seg", "depth"} and not logs
    # another checkpoint may have learned it
    values = measured(sequence_config, tmp_path, third, phases)
    assert {key.partition("/")[0] for key in values} == {"seg", "depth", "normal"} and not logs
    cfg = sequence_config(tmp_path / "work", **phases)
    with pytest.raises(ValueError, match=r"^phases\[0\].checkpoint: there is no file .*gone.pth"):
        LifelongRunner.from_cfg(cfg).train()


@pytest.mark.parametrize(
    ("task", "head", "message"),
    [
        ("normal", dict(type="ChannelHead", channels=3), "ChannelHead, of channels.*of normal"),
        ("depth", dict(type="BinaryHead"), "BinaryHead, of binary.*DepthHead, of depth"),
        ("seg", dict(type="ChannelHead", channels=13), "of channels.*SegmentationHead, of classes"),
    ],
)
def test_heads_of_another_kind_with_the_same_weights(trained, sequence_config, task, head, message):
    loaded = torch.load(last(trained), weights_only=True)
    cfg = sequence_config("unused")
    assert other_kinds(cfg, loaded, "a.pth") is None
    field = dict(seg="sem_seg").get(task, f"{task}_map")
    decoder = cfg.model.heads[task].decoder
    cfg.model.heads[task] = dict(head, field=field, decoder=decoder)
    with pytest.raises(ValueError, match=f"^a.pth predicts something else: .*{task} .*{message}"):
        raise ValueError(other_kinds(cfg, loaded, "a.pth"))
    assert other_kinds(cfg, dict(state_dict={}), "a.pth") is None  # not known


def test_another_kind_is_not_tested(trained, sequence_config, tmp_path):
    change = {
        "model.heads.normal.type": "ChannelHead",
        "model.heads.normal.channels": 3,
        "model.heads.normal.field": "normal_map",
        "test_evaluator.metrics.normal": dict(
            _delete_=True, type="ChannelErrorMetric", field="normal_map"
        ),
    }
    with pytest.raises(ValueError, match="predicts something else: model.heads.normal"):
        measured(sequence_config, tmp_path, last(trained), change)


def test_options_of_a_decode_head_are_compared_with_the_decoder_of_its_task(sequence_config):
    cfg = sequence_config("unused")
    decoder = cfg.model.heads.seg.decoder.to_dict()
    plain = dict(
        type="EncoderDecoder",
        backbone=cfg.model.backbone.to_dict(),
        decode_head=dict(decoder, num_classes=13, loss_decode=dict(type="CrossEntropyLoss")),
    )

    def difference():
        text = Config(dict(model=plain)).pretty_text
        return other_model(cfg, dict(meta=dict(cfg=text)), "a.pth", "seg")

    assert difference() is None
    for part, key, value in (
        ("decode_head", "align_corners", True),
        ("decode_head", "act_cfg", dict(type="GELU")),
        ("backbone", "dilations", (1, 1, 1, 1)),
    ):
        before = plain[part].get(key)
        plain[part][key] = value
        shown = f"heads.seg.decoder.{key}" if part == "decode_head" else f"backbone.{key}"
        assert f"model.{shown}" in difference()
        plain[part].pop(key) if before is None else plain[part].update({key: before})


@pytest.mark.parametrize("written", [False, True], ids=["default", "written out"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("key", "layer", "option", "alike"),
    [
        ("norm_cfg", dict(type="BN", requires_grad=True), dict(eps=0.001), dict(eps=1e-5)),
        ("norm_cfg", dict(type="BN", requires_grad=True), dict(eps=0.1), dict(momentum=0.01)),
        ("norm_cfg", dict(type="BN", requires_grad=True), dict(affine=False), dict(affine=True)),
    ],
)
def test_options_of_layers_are_compared_with_those_of_the_default_layer(
    key, layer, option, alike, swapped, written
):
    """As of MobileNetV3, whose layers have another eps: with that of BN its features are others."""
    names = dict(type="LifelongSegmentor")

    def difference(changes):
        plain = dict(type="ResNet", depth=18, **({key: layer} if written else {}))
        nodes = [plain, {**plain, key: {**layer, **changes}}]
        ours, theirs = (dict(model=dict(names, backbone=b)) for b in nodes[:: -1 if swapped else 1])
        text = Config(theirs).pretty_text
        return other_model(Config(ours), dict(meta=dict(cfg=text)), "a.pth")

    assert f"model.backbone.{key}.{next(iter(option))} is " in difference(option)
    assert difference(alike) is None


def test_options_without_weights_are_named(trained, sequence_config):
    loaded = torch.load(last(trained), weights_only=True)
    cfg = sequence_config("unused")
    assert other_model(cfg, loaded, "a.pth") is None
    cfg.model.heads.depth.activation = "softplus"
    cfg.model.backbone.dilations = (1, 1, 1, 1)
    cfg.model.heads.seg.decoder.align_corners = True
    cfg.model.heads.normal.decoder.norm_cfg.type = "SyncBN"  # changes nothing
    cfg.model.heads.normal.loss = dict(type="DenseL1Loss")  # nor does this
    text = other_model(cfg, loaded, "a.pth")
    for part in (
        "model.heads.depth.activation is 'softplus' in the config, None in the checkpoint",
        "model.backbone.dilations is ",
        "align_corners is True in the config, False in the checkpoint",
    ):
        assert part in text, text
    assert "normal" not in text


def test_defaults_that_are_dicts_or_tuples_are_compared(trained, sequence_config):
    loaded = torch.load(last(trained), weights_only=True)
    cfg = sequence_config("unused")
    cfg.model.heads.seg.decoder.act_cfg = dict(type="ReLU")  # the default, spelt out
    cfg.model.backbone.pop("out_indices")  # the default, a tuple in the class
    assert other_model(cfg, loaded, "a.pth") is None
    cfg.model.heads.seg.decoder.act_cfg = dict(type="LeakyReLU", negative_slope=0.1)
    cfg.model.heads.depth.decoder.act_cfg = dict(type="Tanh")
    text = other_model(cfg, loaded, "a.pth")
    for task, kind in dict(seg="LeakyReLU", depth="Tanh").items():
        key = f"model.heads.{task}.decoder.act_cfg.type"
        assert f"{key} is '{kind}' in the config, 'ReLU' in the checkpoint" in text


def test_classes_of_a_second_task_and_units(trained):
    model = torch.nn.Module()
    stored = dict(parts_map_classes=["head", "leg"], depth_map_unit="m")
    checkpoint = dict(meta=dict(dataset_meta=stored))
    assert foreign_training(model, checkpoint, "a.pth", names_in(stored)) is None
    other = dict(stored, parts_map_classes=["leg", "head"])
    text = foreign_training(model, checkpoint, "a.pth", names_in(other))
    assert "class 0 is 'leg' in the dataset, 'head' in the checkpoint (parts_map_classes)" in text
    other = dict(stored, depth_map_unit="inverse depth")
    text = foreign_training(model, checkpoint, "a.pth", names_in(other))
    assert "depth_map_unit is 'inverse depth' in the dataset, 'm' there" in text


def test_a_teacher_whose_config_differs_from_its_checkpoints(
    sequence_config, tmp_path, monkeypatch
):
    lines = []
    monkeypatch.setattr(training_facts_hook, "print_log", lambda text, *_: lines.append(text))
    cfg = sequence_config("unused")
    decoder = cfg.model.heads.seg.decoder.to_dict()
    teacher = dict(
        type="EncoderDecoder",
        backbone=cfg.model.backbone.to_dict(),
        decode_head=dict(decoder, num_classes=13, loss_decode=dict(type="CrossEntropyLoss")),
    )
    file = str(tmp_path / "teacher.pth")
    torch.save(dict(state_dict={}, meta=dict(cfg=Config(dict(model=teacher)).pretty_text)), file)

    def begin(**teacher):
        model = dict(type="DistilledSegmentor", teacher=teacher)
        runner = SimpleNamespace(cfg=Config(dict(model=model)), model=torch.nn.Module())
        training_facts_hook.TrainingFactsHook().before_train(runner)

    begin(config=teacher, checkpoint=file)
    begin(config=teacher)
    begin()
    assert lines == []
    teacher["decode_head"]["act_cfg"] = dict(type="GELU")
    begin(config=dict(model=teacher), checkpoint=file)
    assert len(lines) == 1 and lines[0].startswith(f"teacher.checkpoint={file!r} is of another")
    assert "model.decode_head.act_cfg.type is 'GELU' in the config, 'ReLU'" in lines[0]
