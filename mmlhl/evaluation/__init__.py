"""Metrics of each output space, the evaluator, and the record of a sequence with its table.

- ``metrics/``: one file per output space; each sums over pixels and states direction and unit.
- ``multi_task_evaluator``: the metrics of all tasks as one evaluator.
- ``record``: ``lifelong.json``, and ``record_format``, the check of its content.
- ``tables``: the table of metrics by task and phase, which the engine prints.
- ``units`` and ``directions``: of metrics, by their names.

Comparisons of several records are in ``mmlhl.analysis``; this package imports neither it nor
models.
"""

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
