"""mmseg's ``DepthMetric`` with its options checked, and its list of metrics in effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.evaluation import DepthMetric
from mmseg.registry import METRICS

from ... import config_values
from ...spelling import hint

#: Size of the images that ``nyu_crop`` was made for, (height, width).
NYU = (480, 640)


@METRICS.register_module(name="DepthMetric", force=True)
class StockDepthMetric(DepthMetric):
    """mmseg's ``DepthMetric``; mmseg's own fails on any list of metrics.

    Args:
        depth_metrics: Names of the metrics to compute; all when None.
        min_depth_eval: As in mmseg.
        max_depth_eval: As in mmseg.
        crop_type: As in mmseg.
        **kwargs: As in mmseg.

    Raises:
        ValueError: If a metric is unknown or named twice, none is left, or no depth lies within the
            limits.
    """

    def __init__(
        self,
        depth_metrics: Sequence[str] | None = None,
        min_depth_eval: float = 0.0,
        max_depth_eval: float = float("inf"),
        crop_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not min_depth_eval < max_depth_eval:
            raise ValueError(
                f"DepthMetric: min_depth_eval={min_depth_eval!r} and "
                f"max_depth_eval={max_depth_eval!r} leave no depth to measure"
            )
        limits = dict(min_depth_eval=min_depth_eval, max_depth_eval=max_depth_eval)
        super().__init__(**limits, crop_type=crop_type, **kwargs)
        if depth_metrics is not None:
            self.metrics = _known(depth_metrics, self.METRICS)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """As in mmseg.

        Raises:
            ValueError: If the part of ``nyu_crop`` would be another part of the image.
        """
        for sample in data_samples if self.crop_type is not None else ():
            size = tuple(sample["pred_depth_map"]["data"].shape[-2:])
            if size != NYU:
                raise ValueError(
                    f"DepthMetric: crop_type='nyu_crop' is a part of images of {NYU[0]}x{NYU[1]} "
                    f"(height x width), but {sample.get('img_path', 'a sample')} has "
                    f"{size[0]}x{size[1]}; leave it out"
                )
        super().process(data_batch, data_samples)


def _known(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    where = "depth_metrics of DepthMetric"
    found = config_values.names(names, where)
    if not found:
        raise ValueError(f"{where} is empty, so nothing is measured; leave it out for all")
    for name in found:
        if name not in known:
            raise ValueError(
                f"{where} names {name!r}{hint(name, known)}; it must be of {', '.join(known)}"
            )
        if found.count(name) > 1:
            raise ValueError(f"{where} names {name!r} twice")
    return found
