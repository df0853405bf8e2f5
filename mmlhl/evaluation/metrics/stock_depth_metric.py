"""mmseg's ``DepthMetric`` with checked options, its list of metrics in effect, maps in mm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmseg.evaluation import DepthMetric
from mmseg.registry import METRICS

from ... import config_values
from ...spelling import hint
from .map_files import write_depth
from .stock_writing import StockWriting, files_of_stock

#: Size of the images that ``nyu_crop`` was made for, (height, width).
NYU = (480, 640)


@METRICS.register_module(name="DepthMetric", force=True)
class StockDepthMetric(StockWriting, DepthMetric):
    """mmseg's ``DepthMetric``; mmseg's own fails on any list of metrics.

    With ``output_dir`` it writes 16-bit images in millimetres, rounded, as the multi-task dataset
    reads them; mmseg's own would cut metres down to whole ones, and start again at 0 after 65535.

    Args:
        depth_metrics: Names of the metrics to compute; all when None.
        min_depth_eval: As in mmseg.
        max_depth_eval: As in mmseg.
        crop_type: As in mmseg.
        depth_scale_factor: Steps of the written images per metre.
        **kwargs: As in mmseg.

    Raises:
        ValueError: If a metric is unknown or named twice, none is left, no depth lies within the
            limits, or ``depth_scale_factor`` is not positive.
    """

    def __init__(
        self,
        depth_metrics: Sequence[str] | None = None,
        min_depth_eval: float = 0.0,
        max_depth_eval: float = float("inf"),
        crop_type: str | None = None,
        depth_scale_factor: float = 1000.0,
        **kwargs: Any,
    ) -> None:
        if not min_depth_eval < max_depth_eval:
            raise ValueError(
                f"DepthMetric: min_depth_eval={min_depth_eval!r} and "
                f"max_depth_eval={max_depth_eval!r} leave no depth to measure"
            )
        if not depth_scale_factor > 0:
            raise ValueError(
                f"DepthMetric: depth_scale_factor must be > 0, got {depth_scale_factor!r}"
            )
        limits = dict(min_depth_eval=min_depth_eval, max_depth_eval=max_depth_eval)
        super().__init__(
            **limits, crop_type=crop_type, depth_scale_factor=depth_scale_factor, **kwargs
        )
        self._written = files_of_stock("DepthMetric", "DepthErrorMetric")
        if depth_metrics is not None:
            self.metrics = _known(depth_metrics, self.METRICS)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """As in mmseg, but the maps are written in our format.

        Raises:
            ValueError: If the part of ``nyu_crop`` would be another part of the image, or the maps
                of two images have the same file.
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

    def compute_metrics(self, results: list) -> dict[str, float]:
        """As in mmseg, without images that have no measured pixel: their mean is not a number.

        Args:
            results: True and predicted depths of each image, at its measured pixels.

        Returns:
            The metrics, means over images; NaN if none has a measured pixel.
        """
        measured = [pair for pair in results if len(pair[0])]
        if results and not measured:
            return dict.fromkeys(self.metrics, float("nan"))
        return super().compute_metrics(measured)

    def write(self, sample: dict, path: Path) -> None:
        """Write the depth of a sample."""
        depth = sample["pred_depth_map"]["data"].squeeze(0).float().cpu().numpy()
        write_depth(depth, path, 1 / self.depth_scale_factor, "set a smaller depth_scale_factor")


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
