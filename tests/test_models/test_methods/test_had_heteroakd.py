"""HAD with HeteroAKD: the added losses, the projectors, and a sequence that uses it."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS, MODELS

from mmlhl.engine import LifelongRunner
from mmlhl.models.heads import SegmentationHead
from mmlhl.models.losses import HeteroAKDLoss
from mmlhl.models.methods import HAD

PUBLISH = Path(__file__).parents[3] / "tools" / "model_converters" / "publish.py"
NAMES = {"seg.loss_hakd", "seg.loss_projector_student", "seg.loss_projector_teacher"}
MIT = dict(
    type="MixVisionTransformer",
    embed_dims=8,
    num_layers=[1, 1, 1, 1],
    num_heads=[1, 1, 1, 2],
    sr_ratios=[8, 4, 2, 1],
    mlp_ratio=2,
)
HAKD = dict(seg=dict(teacher_channels=32, student_tap=1, grid="teacher"))


def heads_on(decoder_config, **changes):
    decoder = decoder_config(**changes)
    return dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    )


@pytest.fixture
def student_config(model_config, decoder_config):
    """A function: config of a Transformer; seg is old, depth is new."""

    def config(hakd=HAKD, **changes):
        method = dict(type="HADHeteroAKD", hakd=hakd)
        heads = heads_on(decoder_config, in_channels=16)
        both = dict(tasks=["seg", "depth"], new_tasks=["depth"])
        return model_config(backbone=MIT, heads=heads, method=method, **{**both, **changes})

    return config


@pytest.fixture
def pair(student_config, model_config):
    """A Transformer with a ResNet for a teacher."""
    torch.manual_seed(1)
    student = MODELS.build(student_config()).train()
    torch.manual_seed(2)
    student.set_teacher(MODELS.build(model_config(tasks=["seg"])))
    return student


def make_step(model, samples, valid=None):
    inputs = torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    step = model.make_step(inputs, samples(), with_teacher=True)
    if valid is not None:
        step.valid = valid
    return step


# -- losses ----------------------------------------------------------------------------------------
def test_had_plus_heteroakd_with_its_own_weights(pair, samples):
    step = make_step(pair, samples)
    losses = pair.method.losses(pair, step)
    had = HAD(loss_weight=3.0).losses(pair, step)
    teacher = pair.teacher.extract_feat(step.inputs)
    label = step.teacher.labels["seg"]
    added = pair.distillers["seg"](step.feats[1], teacher[-1], label)
    expected = {**had, **{f"seg.{name}": value for name, value in added.items()}}
    assert losses.keys() == expected.keys() == had.keys() | NAMES
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
        assert value.isfinite() and value > 0


def test_gradients(pair, samples):
    step = make_step(pair, samples)
    losses = pair.method.losses(pair, step)
    losses["seg.loss_hakd"].backward(retain_graph=True)
    distiller = pair.distillers["seg"]
    assert distiller.student_projector.conv.weight.grad.abs().sum() > 0
    assert distiller.teacher_projector.conv.weight.grad is None
    encoder = [p.grad for p in pair.backbone.layers[:2].parameters()]
    assert sum(g.abs().sum() for g in encoder if g is not None) > 0
    assert all(p.grad is None for p in pair.heads.parameters())
    assert all(p.grad is None for p in pair.teacher.parameters())
    # Under DDP every parameter of the projectors needs a gradient.
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in distiller.parameters())


def test_each_encoder_runs_once(pair, samples):
    runs = []
    for name, model in dict(student=pair, teacher=pair.teacher).items():
        model.backbone.register_forward_hook(lambda *_, name=name: runs.append(name))
    losses = pair.loss(torch.randn(2, 3, 32, 48), samples())
    assert sorted(runs) == ["student", "teacher"]
    assert set(losses) > NAMES


def test_pixels_that_are_not_valid_do_not_count(pair, samples, monkeypatch):
    valid = torch.ones(2, 32, 48, dtype=torch.bool)
    valid[:, :, 30:] = False
    seen = []
    forward = HeteroAKDLoss.forward
    monkeypatch.setattr(
        HeteroAKDLoss, "forward", lambda *args: seen.append(args[-1]) or forward(*args)
    )
    step = make_step(pair, samples, valid)
    pair.method.losses(pair, step)
    assert (seen[0][..., 30:] == 255).all()
    assert torch.equal(seen[0][..., :30], step.teacher.labels["seg"][..., :30])
    step.valid[:] = False
    losses = pair.method.losses(pair, step)
    assert all(losses[name] == 0 for name in NAMES)


def test_soft_pseudo_labels_give_the_same_classes(pair, samples):
    step = make_step(pair, samples)
    hard = pair.method.losses(pair, step)
    for head in (pair.heads["seg"], pair.teacher.heads["seg"]):
        assert isinstance(head, SegmentationHead)
        head.soft_pseudo_label = True
    soft = pair.method.losses(pair, step)
    for name in NAMES:
        torch.testing.assert_close(soft[name], hard[name])


def test_teacher_of_another_normalisation(pair, model_config, samples):
    """The teacher gets images as its own preprocessor would normalise them."""
    other = dict(type="MultiTaskDataPreProcessor", mean=[10.0, 20.0, 30.0], std=[2.0, 3.0, 4.0])
    torch.manual_seed(2)
    pair.set_teacher(MODELS.build(model_config(tasks=["seg"], data_preprocessor=other)))
    images = [torch.randint(256, (3, 32, 48), dtype=torch.uint8) for _ in range(2)]
    batch = dict(inputs=images, data_samples=samples())
    mine = pair.data_preprocessor(copy.deepcopy(batch), training=True)
    theirs = pair.teacher.data_preprocessor(copy.deepcopy(batch), training=True)
    taught = pair.teach(mine["inputs"], mine["data_samples"])
    with torch.no_grad():
        expected = pair.teacher.extract_feat(theirs["inputs"])
    torch.testing.assert_close(taught.feats[-1], expected[-1], rtol=1e-3, atol=1e-3)


# -- projectors ------------------------------------------------------------------------------------
def test_channels_are_found(student_config):
    """Channels of the student always, of the teacher if it is like the student."""
    distiller = MODELS.build(student_config(dict(seg={}))).distillers["seg"]
    assert distiller.student_projector.conv.in_channels == 16
    assert distiller.teacher_projector.conv.in_channels == 16
    distiller = MODELS.build(student_config()).distillers["seg"]
    assert distiller.student_projector.conv.in_channels == 8
    assert distiller.student_projector.conv.out_channels == 13
    assert distiller.teacher_projector.conv.in_channels == 32


def test_projectors_exist_only_where_their_task_is_old(student_config):
    new = MODELS.build(student_config(new_tasks=["seg", "depth"]))
    tested = MODELS.build(student_config(tasks=None, new_tasks=None))
    for model in (new, tested):
        assert model.distillers is None
        assert not any("distillers" in key for key in model.state_dict())


@pytest.mark.parametrize(
    "hakd, message",
    [
        ({}, "names no task"),
        (dict(seg=dict(tua=4)), r"hakd.seg has unknown options \['tua'\]"),
        (dict(seg=dict(tau=0)), "tau must be a number > 0, got 0"),
        (dict(seg=dict(num_classes=3)), "num_classes"),
        (dict(seg=dict(student_tap="layer4")), "hakd.seg.student_tap='layer4'"),
        (dict(parts={}), "hakd names 'parts'.*'seg', 'depth', 'normal'"),
        (dict(depth={}), "'depth', which is not a task of classes"),
        (dict(seg=dict(student_tap=4)), "hakd.seg.student_tap=4: the encoder gives 4 maps"),
    ],
)
def test_wrong_options_are_refused_before_training(student_config, hakd, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(student_config(hakd))


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "hakd.seg.teacher_channels is 16 .* the teacher's map -1 has 32"),
        (dict(teacher_channels=32, teacher_tap=-5), "teacher_tap=-5: the teacher's .* 4 maps"),
        (dict(teacher_channels=32, student_channels=9), "student_channels is 9"),
    ],
)
def test_maps_that_do_not_fit(student_config, model_config, samples, options, message):
    model = MODELS.build(student_config(dict(seg=options)))
    model.set_teacher(MODELS.build(model_config(tasks=["seg"])))
    with pytest.raises(ValueError, match=message):
        model.method.losses(model, make_step(model, samples))


# -- checkpoints -----------------------------------------------------------------------------------
def load(model, state):
    """Load a checkpoint without errors; the weights of the distillers."""
    model.load_state_dict(copy.deepcopy(state), strict=True)
    return {} if model.distillers is None else model.distillers.state_dict()


def test_a_phase_that_goes_on_keeps_its_projectors(student_config):
    first, second = (MODELS.build(student_config()) for _ in range(2))
    for key, value in load(second, first.state_dict()).items():
        assert torch.equal(value, first.distillers.state_dict()[key])


def test_the_next_phase_starts_with_its_own(student_config):
    old = MODELS.build(student_config())
    new = MODELS.build(
        student_config(
            dict(seg=dict(student_tap=1)), tasks=["seg", "depth", "normal"], new_tasks=["normal"]
        )
    )
    before = copy.deepcopy(new.distillers.state_dict())
    after = load(new, old.state_dict())
    assert all(torch.equal(after[key], before[key]) for key in before)
    torch.testing.assert_close(new.backbone.state_dict(), old.backbone.state_dict())


def test_with_and_without_projectors(student_config):
    with_them = MODELS.build(student_config())
    without = MODELS.build(student_config(tasks=None, new_tasks=None))
    assert load(without, with_them.state_dict()) == {}
    plain = {k: v for k, v in with_them.state_dict().items() if "distillers" not in k}
    before = copy.deepcopy(with_them.distillers.state_dict())
    after = load(with_them, plain)
    assert all(torch.equal(after[key], before[key]) for key in before)


# -- a sequence ------------------------------------------------------------------------------------
@HOOKS.register_module()
class StopInPhaseTwo(Hook):
    """Breaks off after the third of four steps."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.model.old_tasks and runner.iter + 1 == 3:
            raise KeyboardInterrupt


def publish(path):
    spec = importlib.util.spec_from_file_location("publish", PUBLISH)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool.publish(torch.load(path, weights_only=False))["state_dict"]


def test_resnet_to_transformer_broken_off_and_resumed(
    tmp_path, sequence_config, decoder_config, model_config
):
    change = dict(
        backbone=dict(_delete_=True, **MIT), heads=heads_on(decoder_config, in_channels=16)
    )
    phases = [dict(tasks=["seg"]), dict(tasks=["depth"], model=change)]
    model = model_config(method=dict(type="HADHeteroAKD", hakd=HAKD))

    def run(folder, **changes):
        cfg = sequence_config(tmp_path / folder, model=model, phases=phases, **changes)
        record = LifelongRunner.from_cfg(cfg).train()
        paths = [tmp_path / folder / phase["checkpoint"] for phase in record.phases]
        return record, paths, [torch.load(p, weights_only=True)["state_dict"] for p in paths]

    record, paths, whole = run("whole")
    assert record.method == "HADHeteroAKD" and len(record) == 2
    projectors = {key for key in whole[1] if key.startswith("distillers.")}
    assert "distillers.seg.student_projector.conv.weight" in projectors
    assert not any("distillers" in key for key in whole[0])
    published = publish(paths[1])
    assert set(published) == set(whole[1]) - projectors
    # the published file and the one with the projectors give the record's metrics
    torch.save(dict(torch.load(paths[1], weights_only=False), state_dict=published), tmp_path / "p")
    for index, path in enumerate((paths[1], tmp_path / "p")):
        cfg = sequence_config(
            tmp_path / f"test_{index}", model=model, phases=phases, load_from=str(path)
        )
        values = LifelongRunner.from_cfg(cfg).test()
        for task, name in (("seg", "mIoU"), ("depth", "abs_err")):
            row = record.values(task, name)[1]
            assert values[f"{task}/{name}"] == pytest.approx(row, abs=1e-4)

    stop = [dict(type="StopInPhaseTwo")]
    with pytest.raises(KeyboardInterrupt):
        run("broken", custom_hooks=stop)
    _, _, resumed = run("broken", resume=True)
    for key, value in whole[1].items():
        torch.testing.assert_close(resumed[1][key], value, rtol=1e-4, atol=1e-5, msg=key)
