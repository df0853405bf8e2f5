"""The contract of a streaming metric: units, and the former name of ``summarize``."""

import pytest
import torch

from mmlhl.evaluation import metrics
from mmlhl.evaluation.metrics import DepthErrorMetric, StreamingMetric


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if name != "StreamingMetric"])
def test_every_ranked_value_has_a_unit(name):
    kind = getattr(metrics, name)
    assert set(kind.units) == set(kind.higher_is_better) != set()
    assert set(kind.units.values()) <= {"m", "deg", "%", ""}


def test_unit_of_inverse_depth():
    metric = DepthErrorMetric(unit="1/m")
    assert metric.units["abs_err"] == metric.units["rmse"] == "1/m"
    assert metric.units["delta_1"] == "%" and DepthErrorMetric.units["abs_err"] == "m"


def test_the_former_name_still_works_and_warns():
    with pytest.warns(DeprecationWarning, match="Count.figures is now called summarize"):

        class Count(StreamingMetric):
            def sums(self, pred, gt):
                return torch.tensor([float(gt.numel())])

            def figures(self, sums):
                return dict(pixels=float(sums[0]))

    metric = Count(field="edge_map")
    pair = dict(pred_edge_map=dict(data=torch.ones(1, 2, 3)))
    pair["gt_edge_map"] = dict(data=torch.ones(1, 2, 3))
    metric.process(None, [pair, pair])
    assert metric.evaluate(size=2) == dict(pixels=12.0)
