"""mmseg's DepthMetric: its list of metrics, options out of range, the maps that it writes."""

import cv2
import pytest
from mmseg.evaluation import DepthMetric
from mmseg.registry import METRICS

from mmlhl.evaluation import MultiTaskEvaluator
from mmlhl.evaluation.metrics import written_files

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
        (dict(depth_scale_factor=0), "depth_scale_factor must be > 0, got 0"),
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


class Derived(DepthMetric):
    """A class of one's own, which writes as mmseg's does."""


class Centimetres(DepthMetric):
    def __init__(self, output_dir=None, **kwargs):
        super().__init__(depth_scale_factor=100, output_dir=output_dir, **kwargs)


def written(folder, predicted, kind="DepthMetric", path="a/0.png", **options):
    config = dict(type=kind, **options)
    evaluator = MultiTaskEvaluator(metrics=dict(depth=config), output_dir=str(folder))
    one = sample(path, gt_depth_map=[[2.0] * len(predicted)], pred_depth_map=[predicted])
    evaluator.process([one])
    return cv2.imread(str(folder / "depth/0.png"), cv2.IMREAD_UNCHANGED).ravel().tolist()


@pytest.mark.parametrize("kind", ["DepthMetric", "mmseg.DepthMetric", DepthMetric])
def test_maps_are_written_in_millimetres(kind, tmp_path):
    depth = [1.2346, 0.0004, 70.0, float("nan"), -1.0]
    assert written(tmp_path, depth, kind) == [1235, 0, 65535, 0, 0]
    assert written(tmp_path, depth, kind, depth_scale_factor=256)[:3] == [316, 0, 17920]


def test_a_derived_class_does_not_write_whole_metres(tmp_path):
    assert written(tmp_path, [1.25, 2.5], Derived) == [1250, 2500]
    assert written(tmp_path, [1.25, 2.5], Derived, depth_scale_factor=1) == [1, 2]
    assert written(tmp_path, [1.25, 2.5], Centimetres) == [125, 250]


def test_maps_of_two_images_of_one_name_are_refused(tmp_path):
    config = dict(type="DepthMetric", output_dir=str(tmp_path))
    evaluator = MultiTaskEvaluator(metrics=dict(depth=config))
    maps = dict(gt_depth_map=[[2.0]], pred_depth_map=[[2.0]])
    evaluator.process([sample("a/0.png", **maps)])
    with pytest.raises(ValueError, match="a/0.png and b/0.png .*output_levels=2"):
        evaluator.process([sample("b/0.png", **maps)])


def test_maps_of_two_processes_in_one_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        written_files, "all_gather_object", lambda own: [own, dict.fromkeys(own, "b/0.png")]
    )
    config = dict(type="DepthMetric", output_dir=str(tmp_path))
    evaluator = MultiTaskEvaluator(metrics=dict(depth=config))
    evaluator.process([sample("a/0.png", gt_depth_map=[[2.0]], pred_depth_map=[[2.0]])])
    with pytest.raises(ValueError, match="a/0.png and b/0.png .*output_levels=2"):
        evaluator.evaluate(1)
