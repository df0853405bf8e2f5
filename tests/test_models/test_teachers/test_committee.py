"""Old tasks that are taught by the models of the phases that learned them."""

import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmlhl.engine.hooks.finite_sources import teacher_heads
from mmlhl.engine.labelling import teacher_hash
from mmlhl.models.teachers import build_committee, freeze, label_images
from mmlhl.models.teachers.committee import Committee, members, teaching


@pytest.fixture
def earlier(model_config, tmp_path):
    """The phases of seg and of depth, each with a checkpoint of its own weights."""
    phases = []
    for number, tasks in enumerate((["seg"], ["seg", "depth"])):
        torch.manual_seed(number)
        model = MODELS.build(model_config(tasks=tasks))
        file = str(tmp_path / f"{tasks[-1]}.pth")
        torch.save(dict(state_dict=model.state_dict(), meta={}), file)
        phases.append((dict(checkpoint=file, tasks=tasks[-1:]), freeze(model)))
    return phases


@pytest.fixture
def student(model_config):
    method = dict(type="LwF", teachers="first")
    tasks = dict(tasks=["seg", "depth", "normal"], new_tasks=["normal"])
    return MODELS.build(model_config(method=method, **tasks))


def committee(earlier, model_config):
    return build_committee([entry for entry, _ in earlier], model_config())


def batch(count=2):
    inputs = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    meta = dict(ori_shape=(32, 32), img_shape=(32, 32), pad_shape=(32, 32))
    return inputs, [SegDataSample(metainfo=dict(meta, img_path=f"{i}")) for i in range(count)]


def test_each_task_is_taught_by_the_model_that_learned_it(earlier, model_config, student):
    student.set_teacher(committee(earlier, model_config))
    outputs = student.teach(*batch())
    assert list(outputs.labels) == ["seg", "depth"] and outputs.feats == ()
    for (_, model), task in zip(earlier, ("seg", "depth"), strict=True):
        head = model.heads[task]
        raw = head(model.extract_feat(batch()[0]))
        label = head.pseudo_label(head.activate(raw, (32, 32)))
        assert torch.equal(outputs.labels[task], label)


def test_stored_labels_are_those_of_the_same_models(earlier, model_config):
    inputs, samples = batch()
    images = [dict(inputs=i * 255, data_samples=s) for i, s in zip(inputs, samples, strict=True)]
    teacher = committee(earlier, model_config)
    found = [labels for _, labels in label_images(teacher, images, ["seg", "depth"])]
    for (_, model), task in zip(earlier, ("seg", "depth"), strict=True):
        own = [labels for _, labels in label_images(model, images, [task])]
        assert len(own) == 2
        for one, other in zip(found, own, strict=True):
            assert torch.equal(one[task], other[task])


def test_a_committee_is_frozen_and_hidden_from_the_students_weights(earlier, model_config, student):
    before = list(student.state_dict())
    student.set_teacher(committee(earlier, model_config))
    student.train()
    assert list(student.state_dict()) == before
    assert not any(p.requires_grad for p in student.teacher.parameters())
    assert not any(module.training for module in student.teacher.modules())
    loss = sum(v.sum() for k, v in student.method.losses(student, step(student)).items())
    loss.backward()
    assert student.backbone.conv1.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in student.teacher.parameters())


def step(student):
    return student.make_step(*batch(), with_teacher=True)


def test_one_earlier_phase_is_a_plain_teacher(earlier, model_config):
    teacher = build_committee([earlier[0][0]], model_config())
    assert not isinstance(teacher, Committee) and members(teacher) == [teacher]
    assert list(teaching(teacher, ["seg"])) == [(teacher, ["seg"])]


def test_members_without_an_old_task_are_not_run():
    one, two = nn.Identity(), nn.Identity()
    teacher = Committee([one, two], [["a", "b"], ["c"]])
    assert list(teaching(teacher, ["b"])) == [(one, ["b"])]


def test_hash_depends_on_every_member_and_on_the_lessons(earlier, model_config):
    teacher = committee(earlier, model_config)
    hashes = {teacher_hash(teacher)}
    teacher.taught_tasks = [("depth",), ("seg",)]
    hashes.add(teacher_hash(teacher))
    next(teacher.members[0].parameters()).add_(1)
    hashes.add(teacher_hash(teacher))
    assert len(hashes) == 3


def test_every_members_output_is_watched_for_nan(earlier, model_config, student):
    student.set_teacher(committee(earlier, model_config))
    assert [task for task, _ in teacher_heads(student)] == ["seg", "seg", "depth"]


def test_a_missing_model_is_named(earlier, model_config):
    earlier[0][0]["checkpoint"] = "phase_1_seg/seg.pth"
    with pytest.raises(FileNotFoundError, match="phase_1_seg/seg.pth"):
        committee(earlier, model_config)
