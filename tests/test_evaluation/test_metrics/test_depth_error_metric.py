import math

import cv2
import numpy as np
import pytest
import torch

from mmlhl.evaluation import DepthErrorMetric
from mmlhl.evaluation.metrics import map_files

from ..samples import sample

NAN = float("nan")


def evaluate(samples, **options):
    metric = DepthErrorMetric(**options)
    for one in samples:
        metric.process(None, [one.to_dict()])
    assert len(metric.results) <= 1
    return metric.evaluate(len(samples))


def test_hand_computed_over_measured_pixels_only():
    # Errors 1, 1, 0.1 of truths 2, 4, 1; unmeasured are NaN, 0 and negative depth.
    samples = [
        sample(gt_depth_map=[[2.0, NAN, 0.0]], pred_depth_map=[[3.0, 99.0, 99.0]]),
        sample(gt_depth_map=[[4.0, 1.0, -1.0]], pred_depth_map=[[5.0, 1.1, NAN]]),
    ]
    metrics = evaluate(samples)
    assert metrics["abs_err"] == pytest.approx(2.1 / 3, rel=1e-6)
    assert metrics["rel_err"] == pytest.approx((0.5 + 0.25 + 0.1) / 3, rel=1e-6)
    assert metrics["rmse"] == pytest.approx(math.sqrt(2.01 / 3), rel=1e-6)
    # 5 / 4 is exactly the limit and so is outside.
    assert metrics["delta_1"] == pytest.approx(100 / 3)
    assert set(metrics) == set(DepthErrorMetric.higher_is_better)


def test_pools_over_pixels_and_not_over_images():
    samples = [
        sample(gt_depth_map=[[1.0, NAN, NAN]], pred_depth_map=[[4.0, 0.0, 0.0]]),
        sample(gt_depth_map=[[1.0, 1.0, 1.0]], pred_depth_map=[[1.0, 1.0, 1.0]]),
    ]
    assert evaluate(samples)["abs_err"] == pytest.approx(3 / 4)


def test_predictions_that_are_not_positive_are_never_within():
    metrics = evaluate([sample(gt_depth_map=[[1.0, 1.0]], pred_depth_map=[[0.0, -1.1]])])
    assert metrics["delta_1"] == 0
    assert metrics["abs_err"] == pytest.approx((1 + 2.1) / 2)


def test_range_and_field():
    one = sample(gt_disparity_map=[[0.5, 2.0, 9.0]], pred_disparity_map=[[1.5, 2.5, 0.0]])
    metrics = evaluate([one], field="disparity_map", min_depth=1, max_depth=5)
    assert metrics["abs_err"] == pytest.approx(0.5)


def test_nan_predictions_give_nan_metrics():
    metrics = evaluate([sample(gt_depth_map=[[1.0, 1.0]], pred_depth_map=[[1.0, NAN]])])
    assert math.isnan(metrics["abs_err"]) and metrics["delta_1"] == 50


def test_nothing_measured_or_nothing_predicted():
    void = sample(gt_depth_map=[[NAN, 0.0]], pred_depth_map=[[1.0, 1.0]])
    assert all(math.isnan(value) for value in evaluate([void]).values())
    assert evaluate([sample(gt_depth_map=[[1.0]])]) == {}


def test_sums_are_float64():
    metric = DepthErrorMetric()
    metric.add(torch.tensor([2.0**25, 2.0**25, 0, 0, 0]))
    metric.process(None, [sample(gt_depth_map=[[1.0]], pred_depth_map=[[2.0]]).to_dict()])
    assert metric.results[0][:2].tolist() == [2**25 + 1, 2**25 + 1]


def test_writes_millimetres_or_an_array(tmp_path, monkeypatch):
    one = sample(pred_depth_map=[[1.2344, -1.0, 70.0, NAN]])
    said = []
    monkeypatch.setattr(map_files, "print_log", lambda message, **_: said.append(message))
    evaluate([one], output_dir=str(tmp_path))
    written = cv2.imread(str(tmp_path / "0.png"), cv2.IMREAD_UNCHANGED)
    assert written.dtype == np.uint16 and written.tolist() == [[1234, 0, 65535, 0]]
    assert len(said) == 1 and "depth 70 does not fit into 16 bits" in said[0]
    evaluate([one], output_dir=str(tmp_path), output_format="npy")
    assert np.load(tmp_path / "0.npy").tolist() == [
        [pytest.approx(1.2344), -1, 70, pytest.approx(NAN, nan_ok=True)]
    ]
    with pytest.raises(ValueError, match="tiff"):
        DepthErrorMetric(output_format="tiff")
