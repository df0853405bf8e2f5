import math

import cv2
import numpy as np
import pytest
import torch

from mmlhl.evaluation import NormalErrorMetric
from mmlhl.evaluation.metrics.normal_error_metric import angular_error, histogram_median

from ..samples import random_samples, sample


def turned(*degrees):
    """Vectors (3, 1, N) at the given angles from the z axis, in the x-z plane."""
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    return torch.stack([angles.sin(), torch.zeros_like(angles), angles.cos()])[:, None].float()


def evaluate(samples):
    metric = NormalErrorMetric()
    for one in samples:
        metric.process(None, [one.to_dict()])
    assert len(metric.results) <= 1
    return metric.evaluate(len(samples))


def test_hand_computed_angles():
    angles = (5, 15, 25, 40, 180)
    gt = turned(*[0] * 5)
    metrics = evaluate([sample(gt_normal_map=gt, pred_normal_map=3 * turned(*angles))])
    assert metrics["mean_err"] == pytest.approx(53, abs=1e-4)
    assert metrics["median_err"] == pytest.approx(25, abs=0.01)
    assert metrics["within_11"] == pytest.approx(20)
    assert metrics["within_22"] == pytest.approx(40)
    assert metrics["within_30"] == pytest.approx(60)
    assert set(metrics) == set(NormalErrorMetric.higher_is_better)


def test_median_of_an_even_count_is_between_the_middle_values():
    gt = turned(0, 0, 0, 0)
    metrics = evaluate([sample(gt_normal_map=gt, pred_normal_map=turned(1, 10, 70, 90))])
    assert metrics["median_err"] == pytest.approx(40, abs=0.01)


def test_missing_normals_do_not_count_and_zero_predictions_are_90_degrees():
    gt = turned(0, 0, 0, 0)
    gt[:, 0, 1] = 0  # length 0
    gt[1, 0, 2] = float("nan")
    pred = turned(10, 99, 99, 0)
    pred[:, 0, 3] = 0
    assert evaluate([sample(gt_normal_map=gt, pred_normal_map=pred)])["mean_err"] == pytest.approx(
        (10 + 90) / 2, abs=1e-4
    )


def test_median_streams_to_within_its_bin():
    samples = random_samples(9)
    gt = torch.cat([s.gt_normal_map.data.flatten(1) for s in samples], dim=1)
    pred = torch.cat([s.pred_normal_map.data.flatten(1) for s in samples], dim=1)
    known = gt.isfinite().all(0)
    assert 0 < known.sum() < known.numel()
    exact = np.median(angular_error(pred[:, known].double(), gt[:, known].double()).numpy())
    metrics = evaluate(samples)
    assert metrics["median_err"] == pytest.approx(exact, abs=0.01)


def test_small_angles_are_exact_in_float32():
    assert angular_error(turned(0.001)[:, 0], turned(0)[:, 0]).item() == pytest.approx(
        0.001, rel=1e-4
    )


def test_histogram_median_interpolates():
    # Four values spread over [2, 3): the middle ones are taken at 2.375 and 2.625.
    assert histogram_median(torch.tensor([0.0, 0, 4, 0]), 1.0) == pytest.approx(2.5)
    assert histogram_median(torch.tensor([1.0, 0, 0, 1]), 1.0) == pytest.approx(2.0)
    assert math.isnan(histogram_median(torch.zeros(4), 1.0))


def test_nan_predictions_show_and_do_not_crash():
    pred = turned(0)
    pred[0] = float("nan")
    metrics = evaluate([sample(gt_normal_map=turned(0), pred_normal_map=pred)])
    assert math.isnan(metrics["mean_err"]) and metrics["within_30"] == 0


def test_writes_what_the_dataset_reads(tmp_path):
    metric = NormalErrorMetric(output_dir=str(tmp_path))
    pred = torch.tensor([[[2.0]], [[0.0]], [[0.0]]])
    metric.process(None, [sample(pred_normal_map=pred).to_dict()])
    rgb = cv2.imread(str(tmp_path / "0.png"), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(float)
    assert (rgb / 32767.5 - 1)[0, 0].tolist() == pytest.approx([1, 0, 0], abs=2e-5)
