"""Bad inputs: metrics and the evaluator."""

from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from .registry import bad, edits


@METRICS.register_module(name="mmlhl_tests.GivenValue", force=True)
class GivenValue(BaseMetric):
    """A user's own metric, which returns a given value or raises it."""

    higher_is_better = dict(value=True)

    def __init__(self, given, **kwargs):
        super().__init__(**kwargs)
        self.given = given

    def process(self, data_batch, data_samples):
        self.results.append(len(data_samples))

    def compute_metrics(self, results):
        if self.given == "raise":
            raise ZeroDivisionError("division by zero")
        return self.given


for _name, _given, *_says in (
    ("a metric that fails when it is computed", "raise", "GivenValue", "division by zero"),
    ("a metric that gives text", dict(value="good"), "depth/value", "'good'"),
    ("a metric that gives a list", dict(value=[1.0, 2.0]), "depth/value", "[1.0, 2.0]"),
    ("a metric that gives no dict", 0.5, "GivenValue"),
    ("a name of two metrics", dict(abs_err=0.5), "depth/abs_err"),
):

    def _spoil(setting, given=_given):
        own = dict(type=GivenValue, given=given)
        metrics = [dict(type="DepthErrorMetric"), own]
        setting.edit({"test_evaluator.metrics.depth": metrics})

    bad("metrics", _name, "test_dataloader", *_says)(_spoil)

edits(
    "metrics",
    (
        "a metric that only writes",
        {
            "test_evaluator.metrics.seg.format_only": True,
            "test_evaluator.metrics.seg.output_dir": "predicted",
        },
        "format_only=True of SegmentationMetric",
    ),
    (
        "a metric of another kind",
        {"test_evaluator.metrics.depth.type": "SegmentationMetric"},
        "metrics.depth",
        "SegmentationMetric",
    ),
    ("a task without a metric", {"test_evaluator.metrics.depth": ...}, "metrics", "'depth'"),
    ("no metrics", {"test_evaluator.metrics": {}}, "metrics"),
    ("metrics as a list", {"test_evaluator.metrics": [dict(type="SegmentationMetric")]}, "metrics"),
    (
        "a metric without a task",
        {"test_evaluator": dict(type="SegmentationMetric")},
        "test_evaluator",
        "metrics=dict(",
    ),
    ("a metric that counts other classes", {"test_evaluator.metrics.seg.num_classes": 7}, "7", "4"),
    ("a metric of another field", {"test_evaluator.metrics.depth.field": "d"}, "'d'", "depth_map"),
    (
        "a metric of an unknown option's value",
        {"test_evaluator.metrics.depth.max_depth": -1.0},
        "max_depth",
        "-1",
    ),
    (
        "a least depth above the greatest",
        {
            "test_evaluator.metrics.depth.min_depth": 5.0,
            "test_evaluator.metrics.depth.max_depth": 1.0,
        },
        "min_depth",
        "5",
        "1",
    ),
    (
        "a metric of a misspelt short name beside the right one",
        {"test_evaluator.metrics.sge": dict(type="SegmentationMetric")},
        "'sge'",
        "'seg'",
    ),
    (
        "a metric of a shortened name beside the right one",
        {"test_evaluator.metrics.dpt": dict(type="DepthErrorMetric")},
        "'dpt'",
        "'depth'",
    ),
    (
        "classes in another order than the dataset's",
        {"test_evaluator.metrics.seg.class_names": ["floor", "wall", "table", "lamp"]},
        "test_evaluator.metrics['seg']",
        "['floor', 'wall', 'table', 'lamp']",
        "['wall', 'floor', 'table', 'lamp']",
    ),
    ("an evaluator of an unknown type", {"test_evaluator.type": "MyEvaluator"}, "MyEvaluator"),
    (
        "a metric as a string",
        {"test_evaluator.metrics.seg": "SegmentationMetric"},
        "metrics.seg",
        "SegmentationMetric",
    ),
    ("a metric's file that leaves", {"test_evaluator.output_dir": 5}, "output_dir", "5"),
)
