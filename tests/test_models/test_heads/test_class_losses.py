"""No loss of classes sees unlabelled pixels, whatever their label is called."""

import pytest
import torch
import torch.nn.functional as F

from mmlhl.models.heads import BinaryHead, SegmentationHead

CE = "CrossEntropyLoss"
LOSSES = {
    "mean": dict(type=CE, avg_non_ignore=True),
    "weighted": dict(type=CE, class_weight=[1.0, 2.0, 3.0]),
    "sigmoid": dict(type=CE, use_sigmoid=True),
    "weighted sigmoid": dict(type=CE, use_sigmoid=True, class_weight=[1.0, 2.0, 3.0]),
    "dice": dict(type="DiceLoss"),
    "summed dice": dict(type="DiceLoss", reduction="sum"),
    "tversky": dict(type="TverskyLoss"),
    "lovasz": dict(type="LovaszLoss", reduction="none"),
    "lovasz by image": dict(type="LovaszLoss", per_image=True),
    "focal": dict(type="FocalLoss", alpha=[0.3, 0.4, 0.5], class_weight=[1.0, 2.0, 3.0]),
    "ohem": dict(type="OhemCrossEntropy", min_kept=3),
    "torch": dict(type=torch.nn.CrossEntropyLoss),
    "hausdorff": dict(type="HuasdorffDisstanceLoss"),
}
OHEM = dict(type="OHEMPixelSampler", thresh=0.3, min_kept=2)


def evaluated(decoder_config, loss, gt, mark=255, raw=None, **decoder):
    """Summed losses of some logits, and their gradient."""
    torch.manual_seed(0)
    head = SegmentationHead(decoder_config(**decoder), 3, loss=loss, ignore_index=mark)
    if raw is None:
        raw = torch.randn(*gt.shape[:1], 3, *gt.shape[2:])
    raw = raw.clone().requires_grad_()
    losses = head.loss_by_map(raw, gt)
    total = sum(value.mean() for name, value in losses.items() if "loss" in name)
    total.backward()
    return total.detach(), raw.grad


def labels(mark=255):
    gt = torch.arange(2 * 4 * 6).view(2, 1, 4, 6) % 3
    gt[0, :, 1:3, 2:] = mark
    return gt


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("decoder", [{}, dict(sampler=OHEM)], ids=["all", "sampled"])
def test_any_mark_of_unlabelled_pixels_means_the_same(decoder_config, loss, decoder):
    value, slope = evaluated(decoder_config, loss, labels(), **decoder)
    assert value > 0 and slope.abs().sum() > 0
    assert (slope[0, :, 1:3, 2:] == 0).all()
    for mark in (254, -1):
        for gt in (labels(mark), labels()):  # padding is 255 whatever the head's mark is
            other, other_slope = evaluated(decoder_config, loss, gt, mark, **decoder)
            torch.testing.assert_close(other, value)
            torch.testing.assert_close(other_slope, slope)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_pixels_that_a_sampler_leaves_out_get_no_gradient(decoder_config, loss):
    raw = torch.zeros(1, 3, 1, 4)
    raw[0, 0] = torch.tensor([9.0, 8.0, -1.0, -2.0])  # the first two are right already
    gt = torch.zeros(1, 1, 1, 4, dtype=torch.int64)
    _, slope = evaluated(decoder_config, loss, gt, raw=raw, sampler=OHEM)
    assert (slope[..., :2] == 0).all() and slope.abs().sum() > 0


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_sampler_ranks_pixels_by_their_cross_entropy(decoder_config, loss):
    raw = torch.zeros(2, 3, 2, 2)
    raw[:, 0] = torch.tensor([[9.0, 0.5], [-0.5, 9.0]])
    gt = torch.zeros(2, 1, 2, 2, dtype=torch.int64)
    hardest = dict(type="OHEMPixelSampler", min_kept=2)
    _, slope = evaluated(decoder_config, loss, gt, raw=raw, sampler=hardest)
    assert (slope[..., [0, 1], [0, 1]] == 0).all() and slope.abs().sum() > 0


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_batches_with_few_labels(decoder_config, loss):
    nothing = torch.full((2, 1, 4, 6), 255)
    value, slope = evaluated(decoder_config, loss, nothing)
    assert value == 0 and (slope == 0).all()
    one = nothing.clone()
    one[1, 0, 2, 3] = 2
    value, slope = evaluated(decoder_config, loss, one)
    assert value.isfinite() and slope.isfinite().all()
    assert slope.abs().sum((0, 1)).count_nonzero() <= 1


@pytest.mark.parametrize("name", ["mean", "sigmoid", "dice", "tversky", "lovasz by image"])
def test_with_all_pixels_labelled_it_is_mmsegs_loss(decoder_config, name):
    head = SegmentationHead(decoder_config(), 3, loss=LOSSES[name])
    raw, gt = torch.randn(2, 3, 4, 6), torch.randint(3, (2, 1, 4, 6))
    expected = head.losses[0](raw, gt[:, 0], ignore_index=255)
    value = head.loss_by_map(raw, gt)[head.losses[0].loss_name]
    torch.testing.assert_close(value, expected)


def test_class_weights_of_the_sigmoid(decoder_config):
    raw, gt = torch.randn(2, 3, 4, 6), torch.randint(3, (2, 1, 4, 6))
    head = SegmentationHead(decoder_config(), 3, loss=LOSSES["weighted sigmoid"])
    target = F.one_hot(gt[:, 0], 3).movedim(-1, 1).float()
    weights = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    expected = F.binary_cross_entropy_with_logits(raw, target, pos_weight=weights)
    torch.testing.assert_close(head.loss_by_map(raw, gt)["loss_ce"], expected)


def focal(logit, target, alpha=0.5, gamma=2.0):
    p = logit.sigmoid() * target + (1 - logit.sigmoid()) * (1 - target)
    return (alpha * target + (1 - alpha) * (1 - target)) * (1 - p) ** gamma * -p.log()


def test_focal_loss_by_its_equation(decoder_config):
    raw, gt = torch.randn(2, 3, 4, 6), torch.randint(3, (2, 1, 4, 6))
    head = SegmentationHead(decoder_config(), 3, loss=dict(type="FocalLoss", loss_weight=2.0))
    expected = 2 * focal(raw, F.one_hot(gt[:, 0], 3).movedim(-1, 1).float()).mean()
    torch.testing.assert_close(head.loss_by_map(raw, gt)["loss_focal"], expected)


def test_focal_loss_of_one_map_does_not_ask_for_the_device(decoder_config, monkeypatch):
    head = BinaryHead(decoder_config(), "edge_map", loss=dict(type="FocalLoss"))
    raw, gt = torch.randn(2, 1, 4, 6), torch.randint(2, (2, 1, 4, 6))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("asks for a GPU"))
    value = head.loss_by_map(raw, gt)["loss_focal"]
    torch.testing.assert_close(value, focal(raw, gt.float()).mean())


def test_hard_examples_that_are_all_alike(decoder_config):
    raw = torch.zeros(1, 3, 1, 2)
    raw[0, 0] = 40.0  # saturated: no pixel is worse than the others
    gt = torch.zeros(1, 1, 1, 2, dtype=torch.int64)
    value, slope = evaluated(decoder_config, LOSSES["ohem"], gt, raw=raw)
    assert value == 0 and (slope == 0).all()


def test_measuring_without_gradients_has_the_same_value(decoder_config):
    gt = labels()
    for loss in LOSSES.values():
        head = SegmentationHead(decoder_config(), 3, loss=loss)
        raw = torch.randn(2, 3, 4, 6)
        with torch.no_grad():
            measured = head.loss_by_map(raw, gt)
        for name, value in head.loss_by_map(raw.requires_grad_(), gt).items():
            torch.testing.assert_close(value.detach(), measured[name])
