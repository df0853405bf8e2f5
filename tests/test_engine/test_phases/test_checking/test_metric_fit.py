"""Metrics of another kind than their task, and tasks without a metric."""

import pytest
from mmseg.evaluation import DepthMetric, IoUMetric
from mmseg.registry import METRICS

from mmlhl.engine import parse_phases
from mmlhl.evaluation import DepthErrorMetric, MultiTaskEvaluator, SegmentationMetric
from mmlhl.evaluation.metrics.streaming_metric import StreamingMetric

SEG, DEPTH = dict(type="SegmentationMetric"), dict(type="DepthErrorMetric")


@METRICS.register_module()
class OwnMetric(StreamingMetric):
    """A metric without ``kinds``."""

    def __init__(self, field="depth_map", **kwargs):
        super().__init__(field, **kwargs)

    sums = summarize = None


@METRICS.register_module()
class OwnIoU(IoUMetric):
    """Derived from mmseg's."""


@METRICS.register_module()
class OwnRMSE(DepthMetric):
    """Derived from mmseg's."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(depth=SEG), "depth: SegmentationMetric measures classes, but task 'depth'"),
        (dict(depth=dict(SEG, field="depth_map")), "measures classes, .* of kind 'depth'"),
        (dict(depth=dict(type=SegmentationMetric)), "SegmentationMetric measures classes"),
        (dict(depth=dict(type="mmseg.IoUMetric")), "IoUMetric measures classes"),
        (dict(depth=dict(type="OwnIoU")), "OwnIoU measures classes, but task 'depth'"),
        (dict(normal=[dict(type=OwnRMSE)]), "OwnRMSE measures depth"),
        (dict(depth=dict(type="CityscapesMetric", output_dir="x")), "measures classes"),
        (dict(depth=[DEPTH, dict(type="NormalErrorMetric")]), "NormalErrorMetric measures normal"),
        (dict(seg=DEPTH), "DepthErrorMetric measures depth, but task 'seg'"),
        (dict(seg=dict(type="BinaryMetric", field="sem_seg")), "BinaryMetric measures binary"),
        (dict(normal=dict(type="DepthMetric")), "DepthMetric measures depth"),
        (dict(seg=dict(SEG, field="parts")), r"reads the field 'parts', .* writes 'sem_seg'; set"),
        (dict(depth=dict(type="ChannelErrorMetric", field="x")), "reads the field 'x'"),
        (dict(seg=dict(type="OwnMetric")), "OwnMetric reads the field 'depth_map'"),
    ],
)
def test_refused(config, nothing_is_built, changes, message):
    cfg = config()
    cfg.test_evaluator.metrics.update(changes)
    with pytest.raises(ValueError, match=rf"test_evaluator.metrics.*{message}"):
        parse_phases(cfg)


@pytest.mark.parametrize("evaluator", ["MultiTaskEvaluator", MultiTaskEvaluator])
def test_a_task_without_a_metric(config, nothing_is_built, evaluator):
    cfg = config()
    cfg.test_evaluator.type = evaluator
    del cfg.test_evaluator.metrics["normal"]
    with pytest.raises(ValueError, match="no metric for task 'normal'.*write normal=None"):
        parse_phases(cfg)
    cfg.test_evaluator.metrics["nromal"] = dict(type="NormalErrorMetric")
    with pytest.raises(ValueError, match="for 'nromal', which has no head.*did you mean 'normal'"):
        parse_phases(cfg)
    del cfg.test_evaluator.metrics["nromal"]
    cfg.phases = [dict(tasks=["normal"])]
    cfg.test_evaluator.metrics["nromal"] = None
    with pytest.raises(ValueError, match="there is one for 'nromal', which has no head"):
        parse_phases(cfg)
    cfg.test_evaluator.metrics["normal"] = None
    assert len(parse_phases(cfg)) == 1
    assert MultiTaskEvaluator(dict(seg=None, depth=DEPTH)).tasks == ["depth"]


def test_a_metric_of_nothing(config, nothing_is_built):
    cfg = config()
    cfg.test_evaluator.metrics["panoptic"] = SEG
    with pytest.raises(ValueError, match="metric for 'panoptic', which has no head.*panoptic=None"):
        parse_phases(cfg)
    cfg.test_dataloader.dataset.annotations = dict(panoptic=dict(kind="classes", dir="label"))
    assert len(parse_phases(cfg)) == 3  # the dataset has it, and another sequence may learn it
    cfg.test_dataloader.dataset.annotations = {}
    cfg.test_evaluator.metrics["panoptic"] = None
    assert len(parse_phases(cfg)) == 3


def test_a_metric_alone_would_record_nothing(config):
    cfg = config()
    cfg.test_evaluator = dict(type="IoUMetric")
    with pytest.raises(ValueError, match="IoUMetric alone names no task"):
        parse_phases(cfg)
    cfg.test_evaluator = dict(type="IoUMetric", prefix="seg")
    assert len(parse_phases(cfg)) == 3


@pytest.mark.parametrize(
    "metrics",
    [
        dict(depth=dict(type="OwnMetric")),
        dict(depth=[dict(type=DepthErrorMetric), dict(type="DepthMetric")]),
        dict(normal=dict(type="ChannelErrorMetric", field="normal_map")),
    ],
)
def test_allowed(config, metrics):
    cfg = config()
    cfg.test_evaluator.metrics.update(metrics)
    assert len(parse_phases(cfg)) == 3
