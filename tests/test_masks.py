"""One promise for all losses and metrics: what lies where nothing is known changes nothing.

The conventions are those of ``docs/datasets.md``: 255 in class and binary maps, NaN in float
maps, ``valid`` where a method compares a student with its teacher.
"""

import inspect

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import METRICS, MODELS
from mmseg.structures import SegDataSample

import mmlhl.evaluation.metrics as metrics
import mmlhl.models.losses as losses

SIZE = (8, 12)
CLASSES = 5
NAN = float("nan")


def noise(*shape, seed=0):
    """Normal numbers, the same on every call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def unknown_pixels(n=2):
    """About a third of the pixels, ``(N, H, W)`` bool; a border, a hole and single pixels."""
    unknown = noise(n, *SIZE, seed=9) > 1
    unknown[:, :, -3:] = True
    unknown[:, 2:4, 2:5] = True
    return unknown


def spoil(maps, unknown, value):
    """``maps`` (N, K, H, W) or (N, H, W) with ``value`` at the unknown pixels."""
    return maps.masked_fill(unknown[:, None] if maps.ndim == 4 else unknown, value)


def value_and_gradient(function, maps):
    """All values of a loss, summed, and its gradient for ``maps``."""
    maps = maps.clone().requires_grad_()
    result = function(maps)
    values = [v for k, v in result.items() if "loss" in k] if isinstance(result, dict) else [result]
    total = sum(values)
    total.backward()
    return total.detach(), maps.grad


def assert_blind(function, maps, unknown, garbage):
    """Value and gradient remain; the unknown pixels get no gradient."""
    value, gradient = value_and_gradient(function, maps)
    assert value > 0, "the test would see nothing"
    spoilt_value, spoilt_gradient = value_and_gradient(function, spoil(maps, unknown, garbage))
    torch.testing.assert_close(spoilt_value, value, rtol=1e-6, atol=0)
    torch.testing.assert_close(spoilt_gradient, gradient, rtol=1e-5, atol=1e-9)
    gone = unknown[:, None].expand_as(gradient) if gradient.ndim == 4 else unknown
    assert not spoilt_gradient[gone].any()


def prediction(kind, seed):
    """A prediction ``(N, K, H, W)`` of an output space."""
    if kind == "classes":
        return noise(2, CLASSES, *SIZE, seed=seed).log_softmax(1)
    if kind == "normal":
        return torch.nn.functional.normalize(noise(2, 3, *SIZE, seed=seed), dim=1)
    if kind == "binary":
        return noise(2, 1, *SIZE, seed=seed).sigmoid()
    return noise(2, 2 if kind == "channels" else 1, *SIZE, seed=seed).abs() + 0.5


# -- losses between student and teacher: an explicit mask ------------------------------------
HAD_LOSSES = [
    dict(),
    dict(mean="arithmetic"),
    dict(mean="pixel"),
    dict(offset=0.05),
    dict(with_sg=False),
    dict(with_db=False, k=0.5),
]


@pytest.mark.parametrize("garbage", [NAN, float("inf"), -7.0, 1e6])
@pytest.mark.parametrize("options", HAD_LOSSES, ids=str)
def test_had_loss(options, garbage):
    unknown, groups = unknown_pixels(), (noise(2, *SIZE, seed=3) > 0).long()
    loss = losses.HADLoss(**options)
    assert_blind(
        lambda distance: loss(distance, groups, ~unknown), noise(2, *SIZE).abs(), unknown, garbage
    )
    # nor does the group of such a pixel
    spoilt = loss(noise(2, *SIZE).abs(), groups.masked_fill(unknown, 1), ~unknown)
    for name, value in loss(noise(2, *SIZE).abs(), groups, ~unknown).items():
        torch.testing.assert_close(spoilt[name], value)


@pytest.mark.parametrize("garbage", [NAN, 1e6])
@pytest.mark.parametrize("kind", ["classes", "scalar", "normal"])
def test_had_release_loss(kind, garbage):
    unknown, loss = unknown_pixels(), losses.HADReleaseLoss(kind)
    student, teacher = prediction(kind, 1), spoil(prediction(kind, 2), unknown, garbage)
    if kind == "classes":
        teacher = spoil(prediction(kind, 2).argmax(1), unknown, 255)
    assert_blind(lambda maps: loss(maps, teacher, ~unknown), student, unknown, garbage)


DISTILLERS = [
    dict(type="KDLoss"),
    dict(type="CWDLoss"),
    *(
        dict(
            type="HeteroAKDLoss",
            num_classes=CLASSES,
            student_channels=CLASSES,
            teacher_channels=CLASSES,
            softmax_over=over,
        )
        for over in ("classes", "space")
    ),
]


@pytest.mark.parametrize("cfg", DISTILLERS, ids=lambda cfg: f"{cfg['type']}-{len(cfg)}")
def test_losses_between_two_networks(cfg):
    torch.manual_seed(0)
    # a batch's statistics would be of all pixels, as everywhere in a network
    loss, unknown = MODELS.build(dict(cfg)).eval(), unknown_pixels()
    label = noise(2, CLASSES, *SIZE, seed=4).argmax(1).masked_fill(unknown, 255)
    student, teacher = noise(2, CLASSES, *SIZE, seed=1), noise(2, CLASSES, *SIZE, seed=2)
    for garbage in (-50.0, 300.0):
        spoilt = spoil(teacher, unknown, garbage)
        value = value_and_gradient(lambda maps: loss(maps, teacher, label), student)[0]
        again = value_and_gradient(lambda maps, t=spoilt: loss(maps, t, label), student)[0]
        torch.testing.assert_close(again, value)
        assert_blind(lambda maps: loss(maps, teacher, label), student, unknown, garbage)


# -- losses between prediction and ground truth: the mask is in the ground truth -------------
HEADS = {
    "classes": dict(type="SegmentationHead", num_classes=CLASSES),
    "depth": dict(type="DepthHead"),
    "depth by SiLog": dict(
        type="DepthHead", activation="softplus", loss=[dict(type="SiLogLoss"), "DenseL1Loss"]
    ),
    "normal": dict(type="NormalHead"),
    "channels": dict(type="ChannelHead", channels=2, field="edge_map"),
    "binary": dict(type="BinaryHead", field="saliency_map"),
}


def build_head(name, decoder_config):
    """A head, and the kind of its output space."""
    cfg = dict(HEADS[name], decoder=decoder_config())
    if "loss" in cfg:
        cfg["loss"] = [dict(type=loss) if isinstance(loss, str) else loss for loss in cfg["loss"]]
    torch.manual_seed(0)
    return MODELS.build(cfg), name.split()[0]


def ground_truth(kind, unknown, mark):
    """Ground truth ``(N, K, H, W)`` with ``mark`` at the unknown pixels."""
    maps = prediction(kind, 5)
    if kind == "classes":
        maps = maps.argmax(1, keepdim=True)
    if kind == "binary":
        maps = (maps > 0.5).float()
    return spoil(maps, unknown, mark)


@pytest.mark.parametrize("name", HEADS)
def test_losses_of_heads(name, decoder_config):
    head, kind = build_head(name, decoder_config)
    unknown = unknown_pixels()
    raw = noise(2, prediction(kind, 0).shape[1], *SIZE, seed=6)
    gt = ground_truth(kind, unknown, 255 if kind in ("classes", "binary") else NAN)
    for garbage in (-30.0, 1e4):
        assert_blind(lambda maps: head.loss_by_map(maps, gt), raw, unknown, garbage)


@pytest.mark.parametrize(
    "name, marks",
    [("depth", (NAN, 0.0, -1.0, float("inf"))), ("normal", (NAN, 0.0)), ("channels", (NAN,))],
)
def test_head_losses_ignore_any_fill_value(name, marks, decoder_config):
    head, kind = build_head(name, decoder_config)
    raw = noise(2, prediction(kind, 0).shape[1], *SIZE, seed=6)
    values = [
        value_and_gradient(
            lambda maps, m=mark: head.loss_by_map(maps, ground_truth(kind, unknown_pixels(), m)),
            raw,
        )
        for mark in marks
    ]
    for value, gradient in values:
        torch.testing.assert_close(value, values[0][0])
        torch.testing.assert_close(gradient, values[0][1])


METHODS = [dict(type="HAD"), dict(type="HAD", bins=5), dict(type="LwF"), dict(type="HADRelease")]


@pytest.mark.parametrize("method", METHODS, ids=str)
@pytest.mark.parametrize("name", HEADS)
def test_distillation_of_heads(name, method, decoder_config):
    """Predictions at padded pixels do not affect losses, groups or ranges."""
    head, kind = build_head(name, decoder_config)
    method, unknown = MODELS.build(dict(method)), unknown_pixels()
    student, teacher = prediction(kind, 1), prediction(kind, 2)
    # finite, as padding makes it, and far outside the range of everything else
    garbage = 0.999 if kind == "binary" else 40.0

    def loss_with(labels):
        return lambda maps: sum(method.distill(head, maps, labels, ~unknown).values())

    expected = value_and_gradient(loss_with(head.pseudo_label(teacher)), student)[0]
    spoilt = loss_with(head.pseudo_label(spoil(teacher, unknown, garbage)))
    torch.testing.assert_close(value_and_gradient(spoilt, student)[0], expected)
    torch.testing.assert_close(
        value_and_gradient(spoilt, spoil(student, unknown, garbage))[0], expected
    )


# -- metrics -----------------------------------------------------------------------------------
METRIC_CASES = {
    "SegmentationMetric": ("classes", "sem_seg", dict(num_classes=CLASSES), (0, CLASSES - 1)),
    "DepthErrorMetric": ("depth", "depth_map", dict(), (NAN, -5.0, 1e6)),
    "NormalErrorMetric": ("normal", "normal_map", dict(), (NAN, 0.0, 1e6)),
    "ChannelErrorMetric": ("channels", "edge_map", dict(field="edge_map"), (NAN, -5.0, 1e6)),
    "BinaryMetric": ("binary", "saliency_map", dict(), (0.0, 1.0)),
}


@pytest.mark.parametrize("name", METRIC_CASES)
def test_metrics(name):
    kind, field, options, garbage = METRIC_CASES[name]
    unknown = unknown_pixels()
    gt = ground_truth(kind, unknown, 255 if kind in ("classes", "binary") else NAN)
    pred = prediction(kind, 1)
    pred = pred.argmax(1, keepdim=True) if kind == "classes" else pred

    def metrics(maps):
        metric = METRICS.build(dict(type=name, **options))
        for one_pred, one_gt in zip(maps, gt, strict=True):
            sample = SegDataSample()
            sample.set_data(
                {
                    f"pred_{field}": PixelData(data=one_pred),
                    f"gt_{field}": PixelData(data=one_gt),
                }
            )
            metric.process(None, [sample.to_dict()])
        return metric.compute_metrics(metric.results)

    expected = metrics(pred)
    assert len(expected) > 0 and all(value == value for value in expected.values())
    for value in garbage:
        assert metrics(spoil(pred, unknown, value)) == expected


def test_no_loss_or_metric_is_left_out():
    """New losses and metrics must be added above."""
    tested = {cfg["type"] for cfg in DISTILLERS} | {"HADLoss", "HADReleaseLoss"}
    # the dense losses are those that the heads have by default
    tested |= {"DenseL1Loss", "DenseCosineLoss", "DenseBCELoss"}
    ours = {name for name in losses.__all__ if inspect.isclass(getattr(losses, name))}
    assert ours == tested
    assert set(metrics.__all__) - {"StreamingMetric"} == set(METRIC_CASES)
