# Metrics of datasets of indoor scenes: classes, depth and normals.
_base_ = "./multi_task.py"
val_evaluator = dict(
    metrics=dict(
        seg=dict(type="SegmentationMetric"),
        depth=dict(type="DepthErrorMetric"),
        normal=dict(type="NormalErrorMetric"),
    )
)
test_evaluator = val_evaluator
