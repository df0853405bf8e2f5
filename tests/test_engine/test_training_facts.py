"""A checkpoint of another normalisation, channel order or list of classes is named."""

import copy
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmlhl.engine import LifelongRunner, parse_phases, phase_config
from mmlhl.engine.adopting import adopt_weights
from mmlhl.engine.hooks import TrainingFactsHook
from mmlhl.engine.training_facts import foreign_training
from mmlhl.models.teachers import build_frozen_segmentor, build_teacher

INPUT = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
OTHERS = {
    "mean": dict(mean=[0.0, 0.0, 0.0]),
    "std": dict(std=[1.0, 1.0, 1.0]),
    "bgr_to_rgb": dict(bgr_to_rgb=False),
    "nothing": dict(mean=None, std=None),
}


def names(sequence_config):
    from mmseg.registry import DATASETS

    cfg = sequence_config("unused").test_dataloader.dataset
    return list(DATASETS.get(cfg.type).METAINFO["classes"])


@pytest.fixture
def plain(model_config, decoder_config, tmp_path):
    """A function: file of a plain mmseg model, with a meta; and its config."""

    def save(**meta):
        head = decoder_config(num_classes=13)
        config = dict(type="EncoderDecoder", backbone=model_config()["backbone"], decode_head=head)
        torch.manual_seed(0)
        model = MODELS.build(config)
        path = tmp_path / "plain.pth"
        torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
        return str(path), config

    return save


def as_text(preprocessor):
    return Config(
        dict(model=dict(type="EncoderDecoder", data_preprocessor=preprocessor))
    ).pretty_text


@pytest.fixture(scope="module")
def adopt(sequence_config):
    """A function: has a sequence's first phase adopt a checkpoint, without the sequence."""
    cfg = sequence_config("unused", phases=[dict(tasks=["seg"])])
    (phase,) = parse_phases(cfg)
    init_default_scope("mmseg")
    model = MODELS.build(phase_config(cfg, [phase], 0).model)

    def run(path):
        at = dataclasses.replace(phase, checkpoint=path)
        adopt_weights(model, at, dict(classes=names(sequence_config)))

    return run


@pytest.mark.parametrize("key", OTHERS)
@pytest.mark.parametrize("form", ["input", "text"])
def test_adopting_other_images(adopt, plain, key, form):
    other = dict(INPUT, **OTHERS[key])
    path, _ = plain(**(dict(input=other) if form == "input" else dict(cfg=as_text(other))))
    with pytest.raises(ValueError) as error:
        adopt(path)
    wanted = "mean" if key == "nothing" else key
    for part in (
        "plain.pth",
        f"data_preprocessor.{wanted} is {str(INPUT[wanted])[:8]}",
        "write model.data_preprocessor=dict(mean=",
    ):
        assert part in str(error.value)


def test_adopting_old_mmseg(sequence_config, plain, tmp_path):
    path, _ = plain(cfg="img_norm_cfg = dict(mean=[1, 2, 3], std=[4, 5, 6], to_rgb=True)")
    phases = [dict(tasks=["seg"], checkpoint=path), dict(tasks=["depth"])]
    cfg = sequence_config(tmp_path / "work", phases=phases)
    with pytest.raises(ValueError, match=r"mean is \[123.675.*\[1, 2, 3\] in the checkpoint"):
        LifelongRunner.from_cfg(cfg).train()
    assert not list((tmp_path / "work").rglob("seg.pth"))


OLD = dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0])
NONE = dict(mean=None, std=None, bgr_to_rgb=False)
INSIDE = dict(type="RandomApply", transforms=[dict(type="mmcv.Normalize", **OLD)])
WHERE = dict(
    loader=dict(test_dataloader=dict(dataset=dict(dataset=dict(pipeline=[INSIDE])))),
    pipeline=dict(test_pipeline=[dict(type="Normalize", to_rgb=True, **OLD)]),
    training=dict(test_pipeline=[], train_pipeline=[dict(type="Normalize", **OLD)]),
    old=dict(data=dict(test=dict(pipeline=[dict(type="Normalize", **OLD)]))),
)


@pytest.mark.parametrize("where", WHERE)
def test_images_that_a_pipeline_normalises(where):
    """Such a checkpoint was taken for one without any normalisation."""
    config = dict(model=dict(data_preprocessor=dict(type="SegDataPreProcessor")), **WHERE[where])
    meta = dict(cfg=Config(config).pretty_text)

    def difference(own, cfg, **more):
        build = MODELS.build(dict(type="MultiTaskDataPreProcessor", **own))
        model = torch.nn.Module()
        model.data_preprocessor = build
        return foreign_training(model, dict(meta=dict(meta, **more)), "old.pth", {}, cfg)

    assert "mean is None in the config, [1, 2, 3]" in difference(NONE, {})
    assert "mean is [123.675" in difference(INPUT, {})
    assert difference(dict(OLD, bgr_to_rgb=True), {}) is None  # the same in another place
    assert "bgr_to_rgb is False" in difference(OLD, {})
    for cfg in WHERE.values():
        assert difference(NONE, cfg) is None
        assert difference(NONE, cfg, input=NONE) is None  # of a sequence's own checkpoint
    other = dict(test_pipeline=[dict(type="Normalize", mean=[9], std=[4.0, 5.0, 6.0])])
    assert "mean is [9] in the config" in difference(NONE, other, input=NONE)


@pytest.mark.parametrize("kind", ["renamed", "swapped", "fewer"])
@pytest.mark.parametrize("key", ["dataset_meta", "CLASSES"])
def test_adopting_other_classes(sequence_config, adopt, plain, kind, key):
    classes = names(sequence_config)
    if kind == "renamed":
        classes[3] = "zebra"
    elif kind == "swapped":
        classes[1], classes[2] = classes[2], classes[1]
    else:
        del classes[-1]
    meta = dict(classes=tuple(classes)) if key == "dataset_meta" else classes
    path, _ = plain(**{"input": INPUT, key: meta})
    message = dict(
        renamed="'zebra' in the checkpoint", swapped="class 1 is", fewer="has 13 classes"
    )
    with pytest.raises(ValueError, match=message[kind]):
        adopt(path)


def test_adopting_the_same_in_other_letters(sequence_config, plain, tmp_path):
    classes = [name.upper().replace("_", " ") for name in names(sequence_config)]
    path, _ = plain(input=INPUT, dataset_meta=dict(classes=classes))
    cfg = sequence_config(tmp_path / "work", phases=[dict(tasks=["seg"], checkpoint=path)])
    LifelongRunner.from_cfg(cfg).train()
    meta = torch.load(tmp_path / "work/phase_1_seg/seg.pth", weights_only=True)["meta"]
    assert meta["input"]["mean"] == pytest.approx(INPUT["mean"])
    assert meta["input"]["bgr_to_rgb"] is True


# -- a sequence's own checkpoints ------------------------------------------------------------
def last(trained):
    cfg, record = trained
    return f"{cfg.work_dir}/{record.phases[-1]['checkpoint']}"


def test_phase_checkpoint_contains_its_training_facts(trained, sequence_config):
    loaded = torch.load(last(trained), weights_only=True)
    assert loaded["meta"]["input"]["std"] == pytest.approx(INPUT["std"])
    assert list(loaded["meta"]["dataset_meta"]["classes"]) == names(sequence_config)
    assert "message_hub" not in loaded


def test_loads_without_mmlhl(trained):
    """One process reads the phase's and the published file, with torch as its only import."""
    tool = Path(__file__).parents[2] / "tools" / "model_converters" / "publish.py"
    out = Path(trained[0].work_dir) / "published.pth"
    code = (
        "import runpy, sys; "
        f"sys.argv = ['publish.py', {last(trained)!r}, {str(out)!r}]; "
        f"runpy.run_path({str(tool)!r}, run_name='__main__')"
    )
    exec(code)  # in this process, which has it imported already
    check = (
        "import sys, torch\n"
        "for path in sys.argv[1:]:\n"
        "    loaded = torch.load(path, weights_only=True)\n"
        "    assert loaded['meta']['dataset_meta']['classes'] and loaded['meta']['input']\n"
        "assert not {'mmlhl', 'mmengine', 'mmseg'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", check, last(trained), str(out)], check=True)


@pytest.mark.parametrize("key", ["mean", "bgr_to_rgb"])
def test_testing_with_other_images(trained, sequence_config, model_config, tmp_path, key):
    model = model_config()
    model["data_preprocessor"].update(OTHERS[key])
    cfg = sequence_config(tmp_path, model=model, load_from=last(trained))
    with pytest.raises(ValueError, match=rf"data_preprocessor.{key} is.*write model"):
        LifelongRunner.from_cfg(cfg).test()


def test_testing_with_other_classes(trained, sequence_config, tmp_path):
    loaded = torch.load(last(trained), weights_only=True)
    classes = names(sequence_config)
    loaded["meta"]["dataset_meta"]["classes"] = ("zebra", *classes[1:])
    torch.save(loaded, tmp_path / "other.pth")
    cfg = sequence_config(tmp_path, load_from=str(tmp_path / "other.pth"))
    with pytest.raises(ValueError, match=r"class 0 .*'zebra' in the checkpoint.*metainfo"):
        LifelongRunner.from_cfg(cfg).test()


def test_testing_any_segmentor_of_another_shape(trained, sequence_config, plain, tmp_path):
    """mmseg's own model, whose loading only logs."""
    path, config = plain(input=INPUT)
    config = copy.deepcopy(config)
    config["decode_head"]["num_classes"] = 5
    config["data_preprocessor"] = dict(type="SegDataPreProcessor", size_divisor=32, **INPUT)
    cfg = sequence_config(tmp_path, load_from=path)
    for key in ("phases", "runner_type"):
        cfg.pop(key)
    cfg.model, cfg.custom_hooks = config, [dict(type="TrainingFactsHook")]
    with pytest.raises(ValueError, match=r"conv_seg.weight: \(13, 8, 1, 1\) in the checkpoint"):
        Runner.from_cfg(cfg).test()


# -- teachers ----------------------------------------------------------------------------------
def test_teacher_gets_images_with_its_own_normalisation(trained, model_config):
    config = model_config()
    config["data_preprocessor"].update(mean=[0.0, 0, 0], std=[1.0, 1, 1], bgr_to_rgb=False)
    teacher = build_teacher(config, last(trained), ["seg"])
    assert teacher.data_preprocessor.mean.flatten().tolist() == pytest.approx(INPUT["mean"])
    assert teacher.data_preprocessor._swap_channels


def test_a_segmentor_as_teacher(plain):
    path, config = plain(input=INPUT)
    own = dict(type="SegDataPreProcessor", size_divisor=32, mean=[0, 0, 0], std=[1, 1, 1])
    with pytest.raises(ValueError, match=r"teacher.checkpoint.*mean is \[0, 0, 0\]"):
        build_frozen_segmentor(dict(config, data_preprocessor=own), path)
    build_frozen_segmentor(dict(config, data_preprocessor=dict(own, **INPUT)), path)


def test_objects_that_are_not_data_are_left_out_of_the_meta():
    class Model(torch.nn.Module):
        pass

    class FakeRunner:
        model = Model()

    checkpoint = dict(meta=dict(dataset_meta=dict(classes=("a",), made_by=object())), optimizer={})
    TrainingFactsHook().before_save_checkpoint(FakeRunner(), checkpoint)
    assert checkpoint["meta"] == dict(dataset_meta=dict(classes=("a",), made_by=None))
