"""Metrics of depth maps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.registry import METRICS
from torch import Tensor

from .map_files import write_array, write_depth
from .streaming_metric import StreamingMetric, ratio


@METRICS.register_module()
class DepthErrorMetric(StreamingMetric):
    """Depth errors, pooled over all measured pixels of the dataset.

    A pixel is measured if its ground truth is finite, positive and within the given range. With p
    the prediction and g the ground truth, in the unit of the ground truth (metres, or 1/m or
    pixels for inverse depth):

    - ``abs_err``: mean of abs(p - g),
    - ``rel_err``: mean of abs(p - g) / g,
    - ``rmse``: root of the mean of (p - g)^2,
    - ``delta_1``: share of pixels with max(p / g, g / p) < 1.25, in percent; predictions that are
      not positive do not satisfy it.

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``.
        min_depth: Pixels are measured if their ground truth is larger.
        max_depth: Pixels are measured if their ground truth is not larger; None for no limit.
        unit: Unit of the ground truth, shown in tables; None for the unit in the dataset's meta
            information, or metres.
        output_format: 'png' writes 16-bit images in units of ``output_scale``, as the
            multi-task dataset reads them, 'npy' writes float32 arrays.
        output_scale: Value of one step of the written image; the default is a millimetre.
        **kwargs: See :class:`StreamingMetric`.

    Raises:
        ValueError: If ``output_format`` is unknown, or no depth lies within the limits.
    """

    kinds = ("depth",)
    higher_is_better = dict(abs_err=False, rel_err=False, rmse=False, delta_1=True)
    units = dict(abs_err="m", rel_err="", rmse="m", delta_1="%")
    in_map_unit: tuple[str, ...] = ("abs_err", "rmse")

    def __init__(
        self,
        field: str = "depth_map",
        min_depth: float = 0.0,
        max_depth: float | None = None,
        output_format: str = "png",
        output_scale: float = 0.001,
        unit: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(field=field, **kwargs)
        if output_format not in ("png", "npy"):
            raise ValueError(
                f"DepthErrorMetric: output_format must be 'png' or 'npy', not {output_format!r}"
            )
        if not 0 <= min_depth < (math.inf if max_depth is None else max_depth):
            raise ValueError(
                f"DepthErrorMetric: min_depth={min_depth!r} and max_depth={max_depth!r} leave no "
                "depth to measure; 0 <= min_depth < max_depth"
            )
        if output_scale <= 0:
            raise ValueError(f"DepthErrorMetric: output_scale must be > 0, got {output_scale!r}")
        if unit is not None:
            self.units = {**self.units, **dict.fromkeys(self.in_map_unit, unit)}
            self.in_map_unit = ()  # the dataset's unit does not replace the given one
        self.min_depth = min_depth
        self.max_depth = max_depth
        self.output_format = output_format
        self.output_scale = output_scale

    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Count, abs. errors, rel. errors, squared errors, pixels within 1.25; shape (5,)."""
        measured = torch.isfinite(gt) & (gt > self.min_depth)  # which is not below 0
        if self.max_depth is not None:
            measured &= gt <= self.max_depth
        p, g = pred[measured].double(), gt[measured].double()
        error = (p - g).abs()
        within = (p > 0) & (torch.maximum(p / g, g / p) < 1.25)
        count = error.new_tensor(error.numel())
        return torch.stack(
            [count, error.sum(), (error / g).sum(), error.square().sum(), within.sum().double()]
        )

    def summarize(self, sums: Tensor) -> dict[str, float]:
        """Means over all measured pixels."""
        count, absolute, relative, squared, within = sums
        return dict(
            abs_err=ratio(absolute, count),
            rel_err=ratio(relative, count),
            rmse=ratio(squared, count) ** 0.5,
            delta_1=ratio(within, count, 100),
        )

    def write(self, pred: Tensor, path: Path) -> None:
        """Write a depth map as 16-bit PNG or as an array of shape (H, W)."""
        depth = pred[0].cpu().numpy().astype(np.float32)
        if self.output_format == "npy":
            write_array(depth, path.with_name(path.name + ".npy"))
            return
        remedy = 'set a larger output_scale or output_format="npy"'
        write_depth(depth, path.with_name(path.name + ".png"), self.output_scale, remedy)
