"""mmseg's DepthMetric: its list of metrics works, and options out of range are refused."""

import pytest
from mmseg.evaluation import DepthMetric
from mmseg.registry import METRICS

from mmlhl.evaluation import MultiTaskEvaluator

from ..samples import sample


def values(kind="DepthMetric", gt=((2.0, 4.0),), **options):
    evaluator = MultiTaskEvaluator(metrics=dict(depth=dict(type=kind, **options)))
    samples = [sample(gt_depth_map=gt, pred_depth_map=[[1.0, 5.0]])]
    evaluator.process(samples)
    return evaluator.evaluate(1)


@pytest.mark.parametrize("kind", ["DepthMetric", "mmseg.DepthMetric", DepthMetric])
def test_the_named_metrics_are_computed(kind):
    everything = values(kind)
    assert len(everything) == len(DepthMetric.METRICS)
    for names in (["rmse", "d1"], ("abs_rel",)):
        expected = {f"depth/{name}": everything[f"depth/{name}"] for name in names}
        assert values(kind, depth_metrics=names) == expected


@pytest.mark.parametrize("kind", ["DepthMetric", DepthMetric])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(depth_metrics=["d1", "rsme"]), "'rsme'; did you mean 'rmse'.*of d1, d2"),
        (dict(depth_metrics=["RMSE"]), "names 'RMSE'"),
        (dict(depth_metrics=[]), "depth_metrics of DepthMetric is empty"),
        (dict(depth_metrics="rmse"), "is the string 'rmse'"),
        (dict(depth_metrics=["d1", "d1"]), "names 'd1' twice"),
        (dict(min_depth_eval=5, max_depth_eval=1), "min_depth_eval=5 and .* no depth"),
    ],
)
def test_options_out_of_range(kind, options, message):
    with pytest.raises(ValueError, match=message):
        values(kind, **options)


def test_the_crop_is_that_of_nyus_images():
    with pytest.raises(ValueError, match="nyu_crop.* 480x640 .*has 1x2"):
        values(crop_type="nyu_crop")
    large = [[2.0] * 640] * 480
    evaluator = MultiTaskEvaluator(
        metrics=dict(depth=dict(type="DepthMetric", crop_type="nyu_crop", depth_metrics=["d1"]))
    )
    evaluator.process([sample(gt_depth_map=large, pred_depth_map=large)])
    assert evaluator.evaluate(1) == {"depth/d1": 1.0}


def test_a_class_derived_from_mmsegs_is_left_alone():
    class Own(DepthMetric):
        higher_is_better = dict(d1=True)

    assert type(METRICS.build(dict(type=Own))) is Own
    assert "depth/d1" in values(Own)
