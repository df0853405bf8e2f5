"""The segmentor: a step, its tasks, one run of the encoder, the hidden teacher."""

import copy

import pytest
import torch
from mmseg.registry import MODELS

SIZE = (32, 48)


@pytest.fixture
def student(build):
    """A student of three tasks, depth being new, with a teacher of the other two."""
    model = build(["seg", "normal", "depth"], seed=1, new_tasks=["depth"]).train()
    model.set_teacher(build(["seg", "normal"], seed=2))
    return model


def count_calls(module):
    calls = []
    module.register_forward_hook(lambda *_: calls.append(1))
    return calls


# -- a step ------------------------------------------------------------------------------------
def test_each_encoder_runs_once_a_step(student, samples, images):
    mine, teachers = count_calls(student.backbone), count_calls(student.teacher.backbone)
    losses = student.loss(images(), samples())
    assert len(mine) == 1 and len(teachers) == 1
    assert set(losses) == {
        "depth.loss_l1",
        "seg.loss_had_db",
        "seg.loss_had_sg",
        "normal.loss_had_db",
        "normal.loss_had_sg",
    }


def test_gradients_reach_the_student_and_not_the_teacher(student, samples, images):
    before = copy.deepcopy(student.teacher.state_dict())
    losses = student.loss(images(), samples())
    sum(losses.values()).backward()
    for name, parameter in student.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    for task in student.tasks:
        assert any(float(p.grad.abs().sum()) > 0 for p in student.heads[task].parameters())
    for parameter in student.teacher.parameters():
        assert parameter.grad is None and not parameter.requires_grad
    for name, value in student.teacher.state_dict().items():  # BN statistics included
        assert torch.equal(value, before[name]), name


def test_teacher_is_not_among_modules_or_weights(build, student):
    plain = build(["seg", "normal", "depth"], seed=1)
    assert student.state_dict().keys() == plain.state_dict().keys()
    assert len(list(student.modules())) == len(list(plain.modules()))
    assert len(list(student.parameters())) == len(list(plain.parameters()))
    student.train()
    assert not any(module.training for module in student.teacher.modules())
    teacher = student.teacher
    student.double()
    assert next(teacher.parameters()).dtype == torch.float64
    copied = copy.deepcopy(student)
    assert copied.teacher is teacher and copied.backbone is not student.backbone
    student.set_teacher(None)
    assert student.teacher is None and copied.teacher is teacher


def test_missing_teacher_error_names_the_hook(build, samples, images):
    model = build(["seg", "depth"], new_tasks=["depth"])
    with pytest.raises(RuntimeError, match="LifelongPhaseHook"):
        model.loss(images(), samples())


def test_method_gets_the_teachers_predictions(student, samples, images):
    calls = count_calls(student.teacher.backbone)
    step = student.make_step(images(), samples(), with_teacher=True)
    labels = step.teacher.labels
    assert list(labels) == ["seg", "normal"] and step.teacher.predictions == {}
    assert len(calls) == 1
    assert student.make_step(images(), samples(), with_teacher=False).teacher is None
    student.new_tasks = student.tasks
    assert student.make_step(images(), samples(), with_teacher=True).teacher is None
    student.new_tasks = ["depth"]
    student.method.needs_teacher_predictions = True
    step = student.make_step(images(), samples(), with_teacher=True)
    assert torch.equal(step.teacher.predictions["seg"].argmax(1), labels["seg"])
    teacher = student.teacher
    raw = teacher.forward(images(), mode="tensor")
    expected = teacher.heads["seg"].resize(raw["seg"], SIZE).argmax(1)
    assert torch.equal(labels["seg"], expected)
    torch.testing.assert_close(labels["normal"].norm(dim=1), torch.ones(2, *SIZE))
    with pytest.warns(DeprecationWarning, match="step.teacher.labels"):
        assert student.teacher_labels(step) is step.teacher.labels


def test_amp_on_the_cpu_takes_a_step(student, samples, images):
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-2)
    before = student.backbone.conv1.weight.detach().clone()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = student.loss(images(), samples())
    total = sum(losses.values())
    total.backward()
    optimizer.step()
    assert total.isfinite() and total.dtype == torch.float32
    assert all(p.isfinite().all() for p in student.parameters())
    assert not torch.equal(student.backbone.conv1.weight, before)


def test_neck_is_used(build, samples, images):
    fpn = dict(type="FPN", in_channels=[4, 8, 16, 32], out_channels=32, num_outs=4)
    model = build(neck=fpn).train()
    calls = count_calls(model.neck)
    sum(v for k, v in model.loss(images(), samples()).items() if "loss" in k).backward()
    # the decoder taps the last map
    assert len(calls) == 1 and model.neck.fpn_convs[3].conv.weight.grad is not None


def test_with_mmsegs_preprocessor_padding_is_not_learned(model_config, samples):
    cfg = model_config()
    cfg["data_preprocessor"] = dict(type="SegDataPreProcessor", size=(40, 64), seg_pad_val=255)
    model = MODELS.build(cfg)
    data = dict(inputs=[torch.zeros(3, *SIZE) for _ in samples()], data_samples=samples())
    batch = model.data_preprocessor(data, training=True)
    assert batch["inputs"].shape[2:] == (40, 64)
    for head in model.heads.values():
        known = head.measured(head.stack_gt(batch["data_samples"]))
        assert known.shape[1:] == (40, 64)
        assert known[:, :32, :48].any() and not known[:, 32:].any() and not known[..., 48:].any()


# -- tasks -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(tasks=["seg", "edge"]), "model.tasks names 'edge'"),
        (dict(tasks=["seg", "seg"]), "model.tasks names a task twice"),
        (dict(tasks=["seg"], new_tasks=["depth"]), r"new_tasks names \['depth'\]"),
        (dict(method=dict(type="HADLoss")), "'HADLoss' is not a method"),
    ],
)
def test_wrong_tasks_and_methods(model_config, options, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_config(**options))


@pytest.mark.parametrize("task", ["type", "values", "train", "training"])
def test_tasks_that_torch_has_no_room_for(model_config, task):
    heads = model_config()["heads"]
    heads = {"depth": heads["depth"], task: heads["seg"]}
    with pytest.raises(ValueError, match=f"model.heads: '{task}' cannot be.*'{task}_task'"):
        MODELS.build(model_config(heads=heads))
    heads = {"loss": heads["depth"], "classes": heads[task]}
    assert MODELS.build(model_config(heads=heads)).tasks == ["loss", "classes"]


def test_two_heads_of_one_field(model_config, decoder_config):
    heads = model_config()["heads"]
    heads["parts"] = dict(type="SegmentationHead", num_classes=7, decoder=decoder_config())
    with pytest.raises(ValueError, match="'seg' and 'parts' both write pred_sem_seg"):
        MODELS.build(model_config(heads=heads))
    heads["parts"]["field"] = "human_parts"
    assert "parts" in MODELS.build(model_config(heads=heads)).tasks


def test_naive_freezes_old_heads_altogether(build, samples, images):
    model = build(["seg", "depth"], new_tasks=["depth"], method=dict(type="Naive")).train()
    before = copy.deepcopy(model.heads["seg"].state_dict())
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    losses = model.loss(images(), samples())
    assert set(losses) == {"depth.loss_l1"}
    losses["depth.loss_l1"].backward()
    optimizer.step()
    model.predict(images())
    for name, value in model.heads["seg"].state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not any(m.training for m in model.heads["seg"].modules())
    assert model.heads["depth"].training and model.backbone.training


def test_had_trains_old_heads(build):
    model = build(["seg", "depth"], new_tasks=["depth"]).train()
    assert all(p.requires_grad for p in model.heads["seg"].parameters())
    assert model.heads["seg"].training and model.old_tasks == ["seg"]


def test_trained_parameters_do_not_depend_on_task_names(model_config):
    model = MODELS.build(model_config(tasks=["seg"], new_tasks=["seg"]))
    one = torch.tensor(1.0)
    losses = {"gloss.loss_l1": [one, one], "gloss.acc": 50 * one, "seg.loss_ce": one}
    total, logged = model.parse_losses(losses)  # mmengine's own would train the accuracy
    assert total == 3 and logged["gloss.acc"] == 50 and logged["gloss.loss_l1"] == 2
    assert set(logged) == {"loss", *losses}
