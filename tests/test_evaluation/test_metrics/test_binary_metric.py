import math
import warnings

import cv2
import numpy as np
import pytest
import torch

from mmlhl.evaluation import BinaryMetric

from ..samples import sample


def evaluate(*samples, **options):
    metric = BinaryMetric(**options)
    for one in samples:
        metric.process(None, [one.to_dict()])
    return metric.evaluate(len(samples))


def test_hand_computed_best_threshold_and_iou():
    one = sample(
        gt_saliency_map=[[1, 1, 0, 0, 255]], pred_saliency_map=[[0.9, 0.4, 0.6, 0.1, 0.99]]
    )
    metrics = evaluate(one)
    # F (b 0.3) at 0.9: P 1, R 1/2; at 0.6: P 1/2, R 1/2; at 0.4: P 2/3, R 1.
    candidates = [
        1.3 * p * r / (0.3 * p + r) for p, r in [(1, 0.5), (0.5, 0.5), (2 / 3, 1), (0.5, 1)]
    ]
    assert metrics["maxF"] == pytest.approx(100 * max(candidates))
    assert metrics["IoU"] == pytest.approx(100 / 3)
    # With b = 1 recall weighs more and another threshold is best.
    assert evaluate(one, beta_squared=1)["maxF"] == pytest.approx(80)
    assert set(metrics) == set(BinaryMetric.higher_is_better)


def test_a_hard_map_and_every_threshold_step():
    hard = sample(gt_saliency_map=[[1, 0]], pred_saliency_map=[[1, 0]])
    assert evaluate(hard, hard) == {"maxF": pytest.approx(100), "IoU": pytest.approx(100)}
    # Neighbouring steps of 1/255 are distinguished in spite of rounding in float32.
    for k in range(1, 256):
        one = sample(gt_saliency_map=[[1, 0]], pred_saliency_map=[[k / 255, (k - 1) / 255]])
        assert evaluate(one)["maxF"] == pytest.approx(100)


def test_no_foreground_or_no_valid_pixel():
    metrics = evaluate(sample(gt_saliency_map=[[0]], pred_saliency_map=[[0.2]]))
    assert math.isnan(metrics["maxF"]) and math.isnan(metrics["IoU"])
    metrics = evaluate(sample(gt_saliency_map=[[255]], pred_saliency_map=[[0.2]]))
    assert math.isnan(metrics["maxF"])


def test_writes_probabilities(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as of the conversion of NaN
        evaluate(sample(pred_saliency_map=[[0.0, 0.5, 1.0, math.nan]]), output_dir=str(tmp_path))
    written = cv2.imread(str(tmp_path / "0.png"), cv2.IMREAD_UNCHANGED)
    assert written.dtype == np.uint8 and written.tolist() == [[0, 128, 255, 0]]


def test_a_prediction_that_is_no_number_is_no_metric():
    """It failed in the middle of an evaluation, unlike NaN of other kinds."""
    metric = BinaryMetric()
    sums = metric.sums(torch.tensor([[[torch.nan, 0.9]]]), torch.tensor([[[1, 0]]]))
    assert all(math.isnan(value) for value in metric.summarize(sums).values())
