"""Metrics of each output space, the evaluator, and the record of a sequence with its table."""

from .metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
    StreamingMetric,
)
from .multi_task_evaluator import MultiTaskEvaluator
from .record import LifelongRecord
from .tables import phase_table

__all__ = [
    "BinaryMetric",
    "ChannelErrorMetric",
    "DepthErrorMetric",
    "LifelongRecord",
    "MultiTaskEvaluator",
    "NormalErrorMetric",
    "SegmentationMetric",
    "StreamingMetric",
    "phase_table",
]
