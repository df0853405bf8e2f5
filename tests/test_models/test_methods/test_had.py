"""HAD as a method: its weights, its use of heads, and its ablations by config."""

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.heads import DepthHead, SegmentationHead
from mmlhl.models.losses import HADLoss
from mmlhl.models.methods import HAD


@pytest.fixture
def student(model_config):
    """Normals are new, seg and depth old; the teacher differs from the student."""
    torch.manual_seed(1)
    config = model_config(tasks=["seg", "depth", "normal"], new_tasks=["normal"])
    model = MODELS.build(config).train()
    torch.manual_seed(2)
    model.set_teacher(MODELS.build(model_config(tasks=["seg", "depth"])))
    return model


@pytest.fixture
def step(student, samples):
    inputs = torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    return student.make_step(inputs, samples(), with_teacher=True)


def test_equation_from_the_parts(student, step):
    """lambda / (2 (t-1)) times each term, by what the heads and HADLoss give."""
    losses = HAD(loss_weight=3.0).losses(student, step)
    labels = step.teacher.labels
    expected = {}
    for task in ("seg", "depth"):
        head = student.heads[task]
        pred = head.activate(head(step.feats), (32, 48))
        distance, groups = head.distance(pred, labels[task]), head.groups(labels[task])
        for name, value in HADLoss()(distance, groups, step.valid).items():
            expected[f"{task}.{name}"] = 3.0 / (2 * 2) * value
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
        assert value > 0


def test_release_weighting_without_the_mean_over_tasks(student, step):
    whole = HAD(average_tasks=True).losses(student, step)
    each = HAD(average_tasks=False).losses(student, step)
    for name, value in whole.items():
        torch.testing.assert_close(each[name], 2 * value)


def test_lambda_scales(student, step):
    one, six = HAD(loss_weight=1.0).losses(student, step), HAD(6.0).losses(student, step)
    for name, value in one.items():
        torch.testing.assert_close(six[name], 6 * value)
    assert all(v == 0 for v in HAD(loss_weight=0.0).losses(student, step).values())


def test_the_first_phase_needs_no_teacher(student, step):
    student.new_tasks = student.tasks
    student.set_teacher(None)
    assert HAD().losses(student, step) == {}


def test_padding_takes_no_part(student, step):
    step.valid[:, 20:] = False
    step.valid[..., 40:] = False
    before = HAD().losses(student, step)
    # valid class ids and finite numbers, but far off
    step.teacher.labels["seg"][:, 20:] = 12
    step.teacher.labels["depth"][:, :, 20:] = 1e6
    step.teacher.labels["depth"][..., 40:] = -1e6
    after = HAD().losses(student, step)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value)


def maps(decoder_config):
    """A depth head with a student and a teacher of one row by hand: distances 1 4 9 16."""
    teacher = torch.tensor([0.0, 4.0, 8.0, 10.0]).view(1, 1, 1, 4)
    student = teacher + torch.tensor([1.0, 4.0, 9.0, 16.0]).view(1, 1, 1, 4)
    return DepthHead(decoder_config()), student, teacher, torch.ones(1, 1, 4, dtype=torch.bool)


@pytest.mark.parametrize(
    ("options", "db"),
    [
        (dict(), (2 + 12) / 2),  # groups {0, 4} and {8, 10}
        (dict(loss=dict(mean="arithmetic")), (2.5 + 12.5) / 2),
        (dict(loss=dict(mean="pixel")), 7.5),
        (dict(bins=5), (1 + 4 + (9 * 16) ** 0.5) / 3),  # bins 0, 2, 4 and 4
        (dict(bins=10), (1 + 4 + 9 + 16) / 4),
        (dict(bins=2, loss=dict(mean="arithmetic")), 7.5),
        (dict(loss=dict(eps=2.0)), (8**0.5 + 12) / 2),
        (dict(loss=dict(offset=1.0)), (10**0.5 + 170**0.5) / 2),
    ],
)
def test_ablations_of_the_balanced_term_by_hand(decoder_config, options, db):
    losses = HAD(**options).distill(*maps(decoder_config))
    assert losses["loss_had_db"].item() == pytest.approx(db / 2, rel=1e-6)


def test_ablations_that_leave_a_term_out(decoder_config):
    assert set(HAD(loss=dict(with_sg=False)).distill(*maps(decoder_config))) == {"loss_had_db"}
    assert set(HAD(loss=dict(with_db=False)).distill(*maps(decoder_config))) == {"loss_had_sg"}


def test_salience_threshold_reaches_the_loss(decoder_config):
    strict, lax = (
        HAD(loss=dict(k=k)).distill(*maps(decoder_config))["loss_had_sg"] for k in (0.9, 0.0)
    )
    # of the four pixels, a lower threshold lets more in
    assert strict != lax


def test_classes_keep_one_group_a_class_whatever_the_bins(decoder_config):
    head = SegmentationHead(decoder_config(), 3)
    student = torch.log_softmax(torch.randn(1, 3, 2, 4), 1)
    teacher = torch.tensor([[[0, 0, 1, 1], [2, 2, 2, 0]]])
    valid = torch.ones(1, 2, 4, dtype=torch.bool)
    plain, binned = (HAD(bins=bins).distill(head, student, teacher, valid) for bins in (None, 5))
    for name, value in plain.items():
        torch.testing.assert_close(binned[name], value)


def test_a_head_that_cannot_tell_its_groups(decoder_config):
    head, student, teacher, valid = maps(decoder_config)
    expected = HAD().distill(head, student, teacher, valid)
    head.num_groups = None  # the contract: it depends on the data
    for name, value in HAD().distill(head, student, teacher, valid).items():
        torch.testing.assert_close(value, expected[name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(loss_weight=-1), "HAD: loss_weight"),
        (dict(bins=1), "HAD: bins"),
        (dict(loss=dict(k=2)), "k must"),
        (dict(bins=5, loss=dict(mean="pixel")), "bins=5 has no effect with loss.mean='pixel'"),
        (dict(bins=5, loss=dict(with_db=False)), "bins=5 has no effect with loss.with_db=False"),
        (dict(loss=dict(mean="pixel", offset=1.0)), "offset=1.0 has no effect"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        HAD(**options)
