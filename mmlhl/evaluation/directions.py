"""Which way is better, for each figure."""

from .metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
)

#: Figures of mmseg's own DepthMetric.
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


def higher_is_better(figure: str, evaluator: object | None = None) -> bool | None:
    """Tell whether a larger value of a figure is better.

    Args:
        figure (str): ``<task>/<figure>`` or the figure alone, such as 'seg/mIoU' or 'mIoU'.
        evaluator (MultiTaskEvaluator, optional): Asked first, as it knows the metrics of the
            user. Defaults to None.

    Returns:
        bool | None: True if larger is better, False if smaller is, None if that is not known.
    """
    told = getattr(evaluator, "higher_is_better", {})
    return told.get(figure, DIRECTIONS.get(figure.rpartition("/")[2]))
