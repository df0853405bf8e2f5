import math

import numpy as np
import pytest
import torch
from mmseg.models.losses import DiceLoss
from mmseg.structures import SegDataSample

from mmlhl.models.heads import SegmentationHead


def logits(*pixels):
    """One image of one row: class logits of each pixel."""
    return torch.tensor(pixels).T[None, :, None]


def test_cross_entropy_averages_over_labelled_pixels(decoder_config):
    head = SegmentationHead(decoder_config(), 2)
    raw = logits([math.log(3.0), 0.0], [0.0, 0.0], [9.0, -9.0])
    gt = torch.tensor([0, 1, 255]).view(1, 1, 1, 3)
    losses = head.loss_by_map(raw, gt)
    assert losses["loss_ce"].item() == pytest.approx((-math.log(0.75) + math.log(2)) / 2)
    assert losses["acc_seg"].item() == pytest.approx(50.0)


def test_class_weights_in_a_file(decoder_config, tmp_path):
    loss = dict(type="CrossEntropyLoss", class_weight=str(tmp_path / "weights.npy"))
    for weights in ([1.0, 3.0], [1.0, -3.0, 1.0]):
        np.save(loss["class_weight"], weights)
        with pytest.raises(ValueError, match="class_weight of CrossEntropyLoss"):
            SegmentationHead(decoder_config(), num_classes=3, loss=loss)


def test_class_weights(decoder_config):
    loss = dict(type="CrossEntropyLoss", class_weight=[1.0, 3.0], loss_weight=2.0)
    head = SegmentationHead(decoder_config(), 2, loss=loss)
    gt = torch.tensor([0, 1]).view(1, 1, 1, 2)
    value = head.loss_by_map(logits([math.log(3.0), 0.0], [0.0, 0.0]), gt)["loss_ce"]
    # mmseg divides by the sum of the weights
    assert value.item() == pytest.approx(2 * (-math.log(0.75) + 3 * math.log(2)) / 4)


@pytest.mark.parametrize("avg_non_ignore", [True, False])
@pytest.mark.parametrize("from_file", [True, False])
def test_class_weights_average_over_labelled_pixels(
    decoder_config, tmp_path, avg_non_ignore, from_file
):
    weights: object = [1.0, 3.0]
    if from_file:
        np.save(tmp_path / "weights.npy", weights)
        weights = str(tmp_path / "weights.npy")
    loss = dict(type="CrossEntropyLoss", class_weight=weights, avg_non_ignore=avg_non_ignore)
    head = SegmentationHead(decoder_config(), 2, loss=loss)
    raw = logits([math.log(3.0), 0.0], [0.0, 0.0], [9.0, 0.0])
    value = head.loss_by_map(raw, torch.tensor([0, 1, 255]).view(1, 1, 1, 3))["loss_ce"]
    assert value.item() == pytest.approx((-math.log(0.75) + 3 * math.log(2)) / 4)
    nothing = head.loss_by_map(raw, torch.full((1, 1, 1, 3), 255))["loss_ce"]
    assert nothing.item() == 0


@pytest.mark.parametrize(
    "weights", [2.0, dict(a=1.0), "weights.json", ["1", "1"], [True, 1.0], [1.0], np.ones(3)]
)
def test_class_weights_that_are_no_list_of_numbers(decoder_config, tmp_path, monkeypatch, weights):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.json").write_text("[1, 2, 3]")
    with pytest.raises(ValueError, match="class_weight of CrossEntropyLoss"):
        SegmentationHead(
            decoder_config(), 2, loss=dict(type="CrossEntropyLoss", class_weight=weights)
        )


@pytest.mark.parametrize("name", ["ce", "Loss_ce", "", 5, "loss.ce"])
@pytest.mark.parametrize("others", [[], [dict(type="DiceLoss")]])
def test_losses_that_mmengine_would_only_log(decoder_config, name, others):
    loss = [*others, dict(type="CrossEntropyLoss", loss_name=name)]
    with pytest.raises(ValueError, match=f"loss_name of CrossEntropyLoss is {name!r}"):
        SegmentationHead(decoder_config(), 2, loss=loss)


def test_losses_that_all_weigh_nothing(decoder_config):
    nothing = dict(type="CrossEntropyLoss", loss_weight=0)
    neither = dict(type="DiceLoss", loss_weight=0.0)
    with pytest.raises(ValueError, match="loss_weight of all losses is 0"):
        SegmentationHead(decoder_config(), 2, loss=[nothing, neither])
    SegmentationHead(decoder_config(), 2, loss=[nothing, dict(type="DiceLoss")])


@pytest.mark.parametrize(
    "sampler", ["OHEMPixelSampler", dict(type="OHEM"), dict(type="OHEMPixelSampler", min_kept=0)]
)
def test_samplers_that_cannot_be_built(decoder_config, sampler):
    with pytest.raises(ValueError, match="SegmentationHead: decoder.sampler="):
        SegmentationHead(decoder_config(sampler=sampler), 2)


@pytest.mark.parametrize("ratio", [1, 1.0, -0.1])
def test_dropout_of_everything(decoder_config, ratio):
    with pytest.raises(ValueError, match="decoder.dropout_ratio must be within"):
        SegmentationHead(decoder_config(dropout_ratio=ratio), 2)


def test_no_dropout_as_mmsegs_hrnet_spells_it(decoder_config):
    assert SegmentationHead(decoder_config(dropout_ratio=-1), 2).decoder.dropout is None


def test_dice_beside_cross_entropy(decoder_config):
    head = SegmentationHead(
        decoder_config(),
        3,
        loss=[dict(type="CrossEntropyLoss"), dict(type="DiceLoss", loss_weight=0.5)],
    )
    raw, gt = torch.randn(2, 3, 4, 6), torch.randint(3, (2, 1, 4, 6))
    losses = head.loss_by_map(raw, gt)
    assert set(losses) == {"loss_ce", "loss_dice", "acc_seg"}
    expected = DiceLoss(loss_weight=0.5)(raw, gt[:, 0], ignore_index=255)
    assert losses["loss_dice"].item() == pytest.approx(expected.item())


def test_low_resolution_maps_are_resized_to_the_label(decoder_config):
    head = SegmentationHead(decoder_config(), 2)
    gt = torch.zeros(1, 1, 8, 12, dtype=torch.int64)
    value = head.loss_by_map(torch.zeros(1, 2, 2, 3), gt)["loss_ce"]
    assert value.item() == pytest.approx(math.log(2))


def test_prediction_is_log_probability(decoder_config):
    head = SegmentationHead(decoder_config(), 4)
    pred = head.activate(torch.randn(2, 4, 3, 3), (6, 6))
    torch.testing.assert_close(pred.exp().sum(1), torch.ones(2, 6, 6))


def test_written_into_the_sample(decoder_config):
    pred = logits([0.1, 0.9], [0.8, 0.2]).log()[0]
    sample = SegDataSample()
    SegmentationHead(decoder_config(), 2).to_sample(pred, sample)
    assert sample.pred_sem_seg.data.tolist() == [[[1, 0]]]
    assert torch.equal(sample.seg_logits.data, pred)
    parts = SegDataSample()
    SegmentationHead(decoder_config(), 2, field="human_parts").to_sample(pred, parts)
    assert parts.pred_human_parts.data.tolist() == [[[1, 0]]]
    assert "seg_logits" not in parts and "pred_sem_seg" not in parts


def test_distance_is_cross_entropy_with_the_teachers_class(decoder_config):
    head = SegmentationHead(decoder_config(), 2)
    student = logits([0.25, 0.75], [0.5, 0.5]).log()
    teacher = logits([0.4, 0.6], [0.9, 0.1]).log()
    label = head.pseudo_label(teacher)
    assert label.tolist() == [[[1, 0]]]
    distance = head.distance(student, label)[0, 0]
    torch.testing.assert_close(distance, -torch.tensor([0.75, 0.5]).log())
    assert head.groups(label).tolist() == [[[1, 0]]]
    # by the teacher's log-probabilities too
    assert torch.equal(head.distance(student, teacher)[0, 0], distance)
    assert head.groups(teacher).tolist() == [[[1, 0]]]


def test_soft_pseudo_label_by_hand(decoder_config):
    head = SegmentationHead(decoder_config(), 2, soft_pseudo_label=True)
    student, teacher = logits([0.25, 0.75]).log(), logits([0.4, 0.6]).log()
    label = head.pseudo_label(teacher.requires_grad_())
    assert not label.requires_grad
    expected = -(0.4 * math.log(0.25) + 0.6 * math.log(0.75))
    assert head.distance(student, label).item() == pytest.approx(expected)
    assert head.groups(label).item() == 1


def test_one_group_a_class(decoder_config):
    assert SegmentationHead(decoder_config(), 7).num_groups == 7


def test_other_ignore_index(decoder_config):
    head = SegmentationHead(decoder_config(), 2, ignore_index=0)
    gt = torch.tensor([0, 1]).view(1, 1, 1, 2)
    assert head.measured(gt).tolist() == [[[False, True]]]
    value = head.loss_by_map(logits([50.0, 0.0], [0.0, 0.0]), gt)["loss_ce"]
    assert value.item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("ignore_index", [-1, 300])
def test_of_many_classes_255_is_one(decoder_config, ignore_index):
    head = SegmentationHead(decoder_config(), 300, ignore_index=ignore_index)
    raw = torch.zeros(1, 300, 1, 2, requires_grad=True)
    gt = torch.tensor([255, ignore_index]).view(1, 1, 1, 2)
    head.loss_by_map(raw, gt)["loss_ce"].backward()
    assert raw.grad[0, 255, 0, 0] < 0 and not raw.grad[..., 1].any()
    assert head.measured(gt).tolist() == [[[True, False]]]


def test_an_ignored_label_that_is_one_of_many_classes_is_refused(decoder_config):
    SegmentationHead(decoder_config(), 255)
    for classes in (256, 300):
        with pytest.raises(ValueError, match=f"ignore_index=255 is one of the {classes} classes"):
            SegmentationHead(decoder_config(), classes)


def test_one_class_is_refused(decoder_config):
    with pytest.raises(
        ValueError, match="num_classes must be >= 2, got 1; one class .* BinaryHead"
    ):
        SegmentationHead(decoder_config(), 1)


def test_a_saturated_pixel_moves_by_cross_entropy_beside_a_loss_of_probabilities(decoder_config):
    """Tversky's alone is flat there, as its argument in the docstring says."""
    both = [dict(type="CrossEntropyLoss"), dict(type="TverskyLoss")]
    for loss, moves in ((both, True), (both[1:], False)):
        raw = torch.zeros(1, 3, 2, 2)
        raw[0, 1, 0, 0] = 120.0
        raw.requires_grad_()
        head = SegmentationHead(decoder_config(), 3, loss=loss)
        losses = head.loss_by_map(raw, torch.zeros(1, 1, 2, 2, dtype=torch.long))
        sum(value for key, value in losses.items() if "loss" in key).sum().backward()
        assert bool(raw.grad[0, :, 0, 0].any()) is moves
