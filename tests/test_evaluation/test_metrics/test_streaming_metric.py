"""The contract of a streaming metric: units, and the former name of ``summarize``."""

import pytest
import torch

from mmlhl.evaluation import MultiTaskEvaluator, metrics
from mmlhl.evaluation.metrics import (
    ChannelErrorMetric,
    DepthErrorMetric,
    StreamingMetric,
    written_files,
)


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if name != "StreamingMetric"])
def test_every_ranked_value_has_a_unit(name):
    kind = getattr(metrics, name)
    assert set(kind.units) == set(kind.higher_is_better) != set()
    assert set(kind.units.values()) <= {"m", "deg", "%", ""}


def test_unit_of_inverse_depth():
    metric = DepthErrorMetric(unit="1/m")
    assert metric.units["abs_err"] == metric.units["rmse"] == "1/m"
    assert metric.units["delta_1"] == "%" and DepthErrorMetric.units["abs_err"] == "m"


def test_the_dataset_names_the_unit_of_its_maps_unless_the_config_does():
    """Errors of Cityscapes' disparity were listed in metres."""
    for given, unit in ((None, "px"), ("1/m", "1/m")):
        metric = DepthErrorMetric(unit=given)
        metric.dataset_meta = dict(depth_map_unit="px", normal_map_unit="x")
        assert metric.units == dict(abs_err=unit, rel_err="", rmse=unit, delta_1="%")
    metric = ChannelErrorMetric(field="depth_map")
    metric.dataset_meta = dict(depth_map_unit="m")
    assert metric.units == dict(l1="m") and ChannelErrorMetric.units == dict(l1="")


def test_no_prediction_replaces_that_of_another_image(tmp_path):
    def paths(levels, *images):
        options = dict(output_dir=str(tmp_path), output_levels=levels, format_only=True)
        metric = ChannelErrorMetric("x", **options)
        for image in images:
            metric.process(None, [dict(img_path=image, pred_x=dict(data=torch.ones(2, 2)))])
        return sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.npy"))

    assert paths(9, "/../c.png") == ["c.npy"]
    assert paths(2, "a/x.png", "b/x.png", "b/x.png") == ["a/x.npy", "b/x.npy", "c.npy"]
    with pytest.raises(ValueError, match="a/x.png and b/x.png .*output_levels .*above 1"):
        paths(1, "a/x.png", "b/x.png")


def test_predictions_without_ground_truth_are_compared_as_well(tmp_path, monkeypatch):
    """As in a test set whose labels are kept back."""
    monkeypatch.setattr(
        written_files, "all_gather_object", lambda own: [own, dict.fromkeys(own, "b/x.png")]
    )
    config = dict(depth=dict(type="DepthErrorMetric"))
    evaluator = MultiTaskEvaluator(config, output_dir=str(tmp_path))
    evaluator.process([dict(img_path="a/x.png", pred_depth_map=dict(data=torch.ones(1, 2, 2)))])
    with pytest.raises(ValueError, match="a/x.png and b/x.png .*output_levels"):
        evaluator.evaluate(1)


@pytest.mark.parametrize("theirs, clash", [("b/x.png", True), ("a/x.png", False)])
def test_no_process_replaces_the_prediction_of_another(tmp_path, monkeypatch, theirs, clash):
    # in distributed evaluation a sampler may repeat an image in two processes
    def gathered(own):
        return [own, dict.fromkeys(own, theirs)]

    monkeypatch.setattr(written_files, "all_gather_object", gathered)
    metric = ChannelErrorMetric("x", output_dir=str(tmp_path))
    pair = {f"{kind}_x": dict(data=torch.ones(1, 2, 2)) for kind in ("pred", "gt")}
    metric.process(None, [dict(img_path="a/x.png", **pair)])
    if clash:
        with pytest.raises(ValueError, match="a/x.png and b/x.png .*output_levels"):
            metric.evaluate(1)
    else:
        assert metric.evaluate(1) == dict(l1=0.0)


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
