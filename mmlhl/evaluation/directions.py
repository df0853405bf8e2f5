"""The direction of each metric: whether a larger value is better."""

from __future__ import annotations

from .metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
)

#: Values of mmseg's own DepthMetric.
STOCK_DEPTH = {
    **dict.fromkeys(("d1", "d2", "d3"), True),
    **dict.fromkeys(("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "silog"), False),
}

DIRECTIONS: dict[str, bool] = {
    **STOCK_DEPTH,
    **SegmentationMetric.higher_is_better,
    **DepthErrorMetric.higher_is_better,
    **NormalErrorMetric.higher_is_better,
    **ChannelErrorMetric.higher_is_better,
    **BinaryMetric.higher_is_better,
}


def higher_is_better(metric: str, evaluator: object | None = None) -> bool | None:
    """Whether a larger value of a metric is better.

    Args:
        metric: ``<task>/<metric>`` or the metric alone, such as 'seg/mIoU' or 'mIoU'.
        evaluator: Its ``higher_is_better`` takes precedence, since it includes the user's own
            metrics.

    Returns:
        True if larger is better, False if smaller is, None if the metric is unknown.
    """
    known = getattr(evaluator, "higher_is_better", {})
    return known.get(metric, DIRECTIONS.get(metric.rpartition("/")[2]))
