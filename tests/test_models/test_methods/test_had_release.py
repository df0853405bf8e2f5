import pytest
import torch

from mmlhl.models.losses import HADReleaseLoss
from mmlhl.models.methods import HADRelease


def test_released_losses_are_summed_over_old_tasks_times_three(build, batch):
    tasks = ["seg", "depth", "normal"]
    model = build(dict(type="HADRelease"), tasks=tasks, new_tasks=[]).eval()
    model.set_teacher(build(dict(type="Naive"), tasks=tasks, seed=1))
    data = model.data_preprocessor(batch(), training=True)
    inputs, samples = data["inputs"], data["data_samples"]
    step = model.make_step(inputs, samples, with_teacher=model.method.needs_teacher)
    found = model.method.losses(model, step)
    labels = step.teacher.labels
    expected = {}
    for task, kind in (("seg", "classes"), ("depth", "scalar"), ("normal", "normal")):
        head = model.heads[task]
        student = head.activate(head(step.feats), step.size)
        loss = HADReleaseLoss(kind)(student, labels[task], step.valid)
        expected[f"{task}.loss_had_release"] = 3.0 * loss  # no 1 / (t - 1)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
        assert value > 0


def test_options_reach_the_losses():
    method = HADRelease(k=0.5, delta=0.1, average_tasks=True)
    assert (method.loss.k, method.loss.delta) == (0.5, 0.1)
    with pytest.raises(ValueError, match="HADRelease: loss_weight"):
        HADRelease(loss_weight=-1)


def test_a_sequence(two_phases):
    run = two_phases(dict(type="HADRelease"))
    assert [phase["exemplars"] for phase in run.record.phases] == [0, 0]
    assert run.record.method == "HADRelease"
