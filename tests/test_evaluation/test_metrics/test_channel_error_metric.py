import numpy as np
import pytest
import torch

from mmlhl.evaluation import ChannelErrorMetric

from ..samples import sample


def test_mean_over_finite_values_of_all_channels(tmp_path):
    nan = float("nan")
    gt = torch.tensor([[[1.0, nan]], [[2.0, 0.0]]])
    pred = torch.tensor([[[2.0, 9.0]], [[2.0, 0.5]]])
    metric = ChannelErrorMetric(field="edge_map", output_dir=str(tmp_path))
    one = sample(gt_edge_map=gt, pred_edge_map=pred).to_dict()
    metric.process(None, [one, sample(gt_depth_map=[[1.0]]).to_dict()])
    metric.process(None, [one])
    assert len(metric.results) == 1
    assert metric.evaluate(3) == {"l1": pytest.approx(1.5 / 3)}
    assert np.load(tmp_path / "0.npy").tolist() == [[[2, 2], [9, 0.5]]]


def test_no_measured_value_gives_nan():
    metric = ChannelErrorMetric("edge_map")
    one = sample(gt_edge_map=[[float("nan")]], pred_edge_map=[[1.0]])
    metric.process(None, [one.to_dict()])
    assert np.isnan(metric.evaluate(1)["l1"])
