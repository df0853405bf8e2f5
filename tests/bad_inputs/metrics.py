"""Metrics and the evaluator."""

from .registry import edits

edits(
    "metrics",
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
    ("an evaluator of an unknown type", {"test_evaluator.type": "MyEvaluator"}, "MyEvaluator"),
    (
        "a metric as a string",
        {"test_evaluator.metrics.seg": "SegmentationMetric"},
        "metrics.seg",
        "SegmentationMetric",
    ),
    ("a metric's file that leaves", {"test_evaluator.output_dir": 5}, "output_dir", "5"),
)
