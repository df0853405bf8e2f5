"""Metrics are pooled over pixels: they do not depend on batches or on the split into images."""

import math

import numpy as np
import pytest
import torch

from mmlhl.evaluation.metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
)

METRICS = dict(
    depth=(DepthErrorMetric, "depth_map"),
    normal=(NormalErrorMetric, "normal_map"),
    channels=(lambda: ChannelErrorMetric(field="curvature"), "curvature"),
    binary=(lambda: BinaryMetric(field="saliency_map"), "saliency_map"),
    seg=(SegmentationMetric, "sem_seg"),
)


def pair(task, rng, height, width):
    """Prediction and truth; later images have more unlabelled or unmeasured pixels."""
    size = (height, width)
    unknown = rng.random(size) < 0.05 * height
    if task == "seg":
        gt = rng.integers(0, 3, (1, *size))
        pred = np.where(rng.random((1, *size)) < 0.6, gt, rng.integers(0, 3, (1, *size)))
        gt[:, unknown] = 255
    elif task == "binary":
        gt = rng.integers(0, 2, (1, *size))
        pred = np.clip(0.5 * gt + rng.uniform(0, 0.5, (1, *size)), 0, 1).astype(np.float32)
        gt[:, unknown] = 255
    else:
        channels = dict(depth=1, normal=3, channels=2)[task]
        gt = rng.uniform(1, 5, (channels, *size)).astype(np.float32)
        pred = gt + rng.uniform(-0.5, 0.5, gt.shape).astype(np.float32)
        if task == "normal":
            gt, pred = (x / np.linalg.norm(x, axis=0) for x in (gt, pred))
        gt[:, unknown] = np.nan
    return torch.from_numpy(pred), torch.from_numpy(gt)


def evaluate(task, pairs, batch):
    build, field = METRICS[task]
    metric = build()
    metric.dataset_meta = dict(classes=("a", "b", "c"))
    samples = [{f"pred_{field}": dict(data=p), f"gt_{field}": dict(data=g)} for p, g in pairs]
    samples.append({f"pred_{field}": dict(data=pairs[0][0])})  # an image without truth
    for start in range(0, len(samples), batch):
        metric.process(None, samples[start : start + batch])
    got = metric.evaluate(size=len(samples))
    assert got and not any(math.isnan(v) for v in got.values() if isinstance(v, float))
    return {name: value for name, value in got.items() if isinstance(value, float)}


@pytest.mark.parametrize("task", METRICS)
def test_metrics_do_not_depend_on_batches(task):
    rng = np.random.default_rng(0)
    pairs = [pair(task, rng, 4 + i, 6) for i in range(5)]
    one = evaluate(task, pairs, 1)
    for batch in (2, 3, 6):
        assert evaluate(task, pairs, batch) == pytest.approx(one, rel=1e-12)
    assert evaluate(task, pairs[::-1], 4) == pytest.approx(one, rel=1e-9)


@pytest.mark.parametrize("task", METRICS)
def test_metrics_do_not_depend_on_images(task):
    rng = np.random.default_rng(1)
    pairs = [pair(task, rng, 4 + i, 6) for i in range(5)]
    joined = tuple(torch.cat(maps, 1) for maps in zip(*pairs, strict=True))
    assert evaluate(task, [joined], 1) == pytest.approx(evaluate(task, pairs, 2), rel=1e-6)


@pytest.mark.parametrize("task", METRICS)
def test_unlabelled_image_does_not_change_metrics(task):
    rng = np.random.default_rng(2)
    pairs = [pair(task, rng, 5, 6) for _ in range(2)]
    pred, gt = pair(task, rng, 3, 3)
    gt = torch.full_like(gt, 255 if task in ("seg", "binary") else float("nan"))
    assert evaluate(task, [*pairs, (pred, gt)], 2) == evaluate(task, pairs, 2)
