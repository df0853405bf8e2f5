"""Heads whose maps do not have one value per pixel."""

from contextlib import nullcontext

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.heads import BaseDenseHead
from mmlhl.models.methods.matching import matched
from mmlhl.models.methods.measuring import reduced, task_losses

DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1, align_corners=False)
STUDENT = torch.tensor([0.0, 1.0, 2.0, 3.0]).view(1, 1, 2, 2)
VALID = torch.ones(1, 2, 2, dtype=torch.bool)
DISTILLING = ("LwF", "HAD", "HADRelease")


class Values(BaseDenseHead):
    """A head of real values, of which tests replace methods by wrong ones."""

    def __init__(self, **replaced):
        super().__init__(dict(DECODER), 1, "value_map", dict(type="DenseL1Loss"))
        vars(self).update(replaced)

    def activation(self, resized):
        return resized

    def distance(self, student, teacher):
        return (student - teacher).abs().mean(1)


def distill(kind, head, teacher=STUDENT + 1):
    return MODELS.build(dict(type=kind)).distill(head, STUDENT, teacher, VALID)


@pytest.mark.parametrize("kind", DISTILLING)
@pytest.mark.parametrize(
    "distance, shape",
    [
        (lambda a, b: (a - b).abs(), r"\(1, 1, 2, 2\)"),  # would be too small by the image's width
        (lambda a, b: (a - b).abs().mean(), r"\(\)"),
        (lambda a, b: (a - b).abs().mean((1, 3)), r"\(1, 2\)"),
    ],
)
def test_a_distance_has_one_value_per_pixel(kind, distance, shape):
    with pytest.raises(ValueError, match=rf"Values.distance gives {shape}.*= \(1, 2, 2\)"):
        distill(kind, Values(distance=distance))


@pytest.mark.parametrize("kind", DISTILLING)
def test_a_similarity_is_no_distance(kind):
    head = Values(distance=lambda a, b: (a * b).sum(1))
    for _ in range(2):  # whenever it is used
        with pytest.raises(ValueError, match="Values.distance gives -3; a distance is >= 0"):
            distill(kind, head, -torch.ones_like(STUDENT))
    rounded = Values(distance=lambda a, b: (a - b).abs().sum(1) - 1e-7)
    assert all(each.isfinite() for each in distill(kind, rounded, STUDENT).values())


def test_stored_outputs_and_hadrelease_maps_have_one_value_per_pixel():
    head = Values(replay_distance=lambda now, then: (now - then).square())
    with pytest.raises(ValueError, match=r"Values.replay_distance gives \(1, 1, 2, 2\)"):
        matched(head, STUDENT, STUDENT)
    with pytest.raises(ValueError, match=r"Values.bounded gives \(1, 1, 2, 2\)"):
        distill("HADRelease", Values(bounded=lambda pred, valid: pred))


@pytest.mark.parametrize(
    "groups, message",
    [
        (lambda t, v: t[:, 0], "groups gives torch.float32; group ids are integers"),
        (lambda t, v: t.long(), r"groups gives \(1, 1, 2, 2\)"),
        (lambda t, v: t[:, 0].long(), "groups gives the id 4, but Values.num_groups is 2"),
    ],
)
def test_groups_are_ids_below_their_number(groups, message):
    # an id that is too high would be counted in the next row of the image
    with pytest.raises(ValueError, match=message):
        distill("HAD", Values(groups=groups, num_groups=2))


@pytest.mark.parametrize("kind", ("HAD", "HADRelease"))
def test_a_later_batch_may_show_an_id_that_is_too_high(kind):
    head = Values(groups=lambda t, v: t[:, 0].long(), num_groups=5, num_classes=5)
    method = MODELS.build(dict(type=kind))
    for _ in range(2):
        method.distill(head, STUDENT, STUDENT + 1, VALID)
    with pytest.raises(ValueError, match="groups gives the id 5, but Values.num_groups is 5"):
        method.distill(head, STUDENT, STUDENT + 2, VALID)


@pytest.mark.parametrize(
    "groups, fits",
    [
        (lambda t, v: (t[:, 0].clamp(0, 80) / 10).long(), False),  # 80 itself is in group 8
        (lambda t, v: (t[:, 0].clamp(0, 79) / 10).long(), True),
        (lambda t, v: torch.bucketize(t[:, 0], torch.arange(7.0)), True),
        (lambda t, v: torch.bucketize(t[:, 0], torch.arange(8.0)), False),
        (lambda t, v: t[:, 0] > 6, True),
        (lambda t, v: 1 / 0, True),  # a trial step shows it
    ],
)
def test_group_ids_are_known_before_a_teacher_is_trained(build, groups, fits):
    model = build(dict(type="HAD"))
    model.heads["seg"] = Values(groups=groups, num_groups=8)
    states = torch.get_rng_state()
    for _ in range(2):  # whether or not a batch was seen
        with nullcontext() if fits else pytest.raises(ValueError, match="gives the id 8"):
            model.method.check_phase(model, None)
    assert torch.equal(states, torch.get_rng_state())


def test_group_ids_of_stock_heads_and_of_bins_are_known(build):
    for options in (dict(type="HAD"), dict(type="HAD", bins=4), dict(type="HADRelease")):
        model = build(options, tasks=["seg", "depth", "normal"], new_tasks=["normal"])
        model.method.check_phase(model, None)


def test_groups_may_be_a_mask_and_leave_pixels_out():
    teacher = STUDENT + torch.tensor([1.0, 1.0, 1.0, 4.0]).view(1, 1, 2, 2)
    mask = Values(groups=lambda t, v: t[:, 0] > 6, num_groups=2)
    # means 1 and 4 of two groups, half of their mean
    torch.testing.assert_close(distill("HAD", mask, teacher)["loss_had_db"], torch.tensor(1.25))
    ids = torch.tensor(
        [
            [
                [
                    0,
                    0,
                ],
                [1, -1],
            ]
        ]
    )
    for kind, head in (
        ("HAD", Values(groups=lambda t, v: ids, num_groups=2)),
        ("HADRelease", Values(groups=lambda t, v: ids, num_groups=2, num_classes=2)),
    ):
        found = distill(kind, head, teacher)
        assert sum(found.values()) < 2  # the pixel that is 4 away counts nowhere in the groups


@pytest.mark.parametrize("kind", DISTILLING)
def test_integers_without_a_channel_axis_are_classes_and_others_are_numbers(kind):
    classes = Values(distance=lambda a, b: (a[:, 0] - b).abs())
    label = torch.tensor([[[0, 1], [2, 2]]])
    assert torch.equal(classes.groups(label), label)
    assert all(value.isfinite() for value in distill(kind, classes, label).values())
    named = Values(distance=lambda a, b: (a[:, 0] - b[:, 0]).abs(), num_classes=3)
    assert distill(kind, named, label[:, None]) == distill(kind, classes, label)
    levels = torch.tensor([[[[0, 1], [2, 4]]]])
    found = [distill(kind, Values(), each) for each in (levels, levels.float())]
    assert found[0] == found[1]


def test_a_head_may_predict_on_another_grid(build, batch):
    model = build(dict(type="HAD"))
    head, whole = model.heads["seg"], model.heads["seg"].activate
    vars(head)["activate"] = lambda raw, size: whole(raw, [side // 2 for side in size])
    model.set_teacher(build(dict(type="Naive"), tasks=["seg"], new_tasks=[]))
    coarse = model.teacher.heads["seg"]
    vars(coarse)["activate"] = head.activate
    data = model.data_preprocessor(batch(), training=True)
    losses = model.loss(data["inputs"], data["data_samples"])
    assert all(value.isfinite().all() for value in losses.values())


def test_a_head_may_give_its_loss_as_mmengine_takes_it():
    maps = torch.tensor([[1.0, 3.0]])
    assert reduced(maps) == 2 and reduced([maps, torch.tensor(1.0)]) == 3

    class Model:
        new_tasks = ("a",)
        heads = dict(a=type("", (), dict(loss=lambda *_: dict(loss_a=[maps, maps], loss_b=maps)))())

    assert task_losses(Model, [], [])["a"] == 6
