"""mmseg's ``DepthMetric`` with checked options, its list of metrics in effect, maps in mm."""

from __future__ import annotations

import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmseg.evaluation import DepthMetric
from mmseg.registry import METRICS

from ... import config_values
from ...spelling import hint
from .map_files import write_depth
from .written_files import WrittenFiles

#: Size of the images that ``nyu_crop`` was made for, (height, width).
NYU = (480, 640)


@METRICS.register_module(name="DepthMetric", force=True)
class StockDepthMetric(DepthMetric):
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

    output_dir: str | None

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
        remedy = "put DepthErrorMetric with output_levels=2 first among the task's metrics"
        self._written = WrittenFiles("DepthMetric", remedy)
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
        folder: str | None = self.output_dir
        self.output_dir = None  # mmseg's own would write as well
        try:
            super().process(data_batch, data_samples)
        finally:
            self.output_dir = folder
        if folder is not None:
            for sample in data_samples:
                self._write(sample, folder)

    def evaluate(self, size: int) -> dict:
        """As in mmengine; the files that all processes have written are compared first.

        Args:
            size: Number of samples.

        Raises:
            ValueError: If two processes have written the maps of two images to one file.
        """
        self.check_written()
        return super().evaluate(size)

    def check_written(self) -> None:
        """Compare the files that all processes have written since the last evaluation.

        Raises:
            ValueError: If two processes have written the maps of two images to one file.
        """
        if self.output_dir is not None:
            self._written.compare()

    def _write(self, sample: dict, folder: str) -> None:
        image = sample["img_path"]
        path = osp.join(folder, osp.splitext(osp.basename(image))[0] + ".png")
        self._written.add(path, image)
        depth = sample["pred_depth_map"]["data"].squeeze().float().cpu().numpy()
        remedy = "set a smaller depth_scale_factor"
        write_depth(depth, Path(path), 1 / self.depth_scale_factor, remedy)


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
