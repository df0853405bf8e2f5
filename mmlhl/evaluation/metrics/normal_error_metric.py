"""Metrics of surface normals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from mmseg.registry import METRICS
from torch import Tensor

from .map_files import write_normals
from .streaming_metric import StreamingMetric, ratio

BINS = 18000  # of 0.01 degree


@METRICS.register_module()
class NormalErrorMetric(StreamingMetric):
    """Angles between predicted and true normals, pooled over all pixels that have a normal.

    A pixel has a normal if its ground truth is finite and longer than 0; both vectors are scaled
    to unit length. A prediction of length 0 counts as 90 degrees.

    - ``mean_err``: mean angle in degrees,
    - ``median_err``: median angle in degrees. Medians cannot be summed over images, so angles are
      counted in 18000 bins of 0.01 degree and the median is interpolated in its bin; the error is
      less than 0.01 degree for any number of pixels,
    - ``within_11``, ``within_22``, ``within_30``: share of pixels with an angle below 11.25, 22.5
      and 30 degrees, in percent.

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``.
        **kwargs: See :class:`StreamingMetric`.
    """

    kinds = ("normal",)
    higher_is_better = dict(
        mean_err=False, median_err=False, within_11=True, within_22=True, within_30=True
    )
    units = dict(mean_err="deg", median_err="deg", within_11="%", within_22="%", within_30="%")
    thresholds = dict(within_11=11.25, within_22=22.5, within_30=30.0)

    def __init__(self, field: str = "normal_map", **kwargs: Any) -> None:
        super().__init__(field=field, **kwargs)

    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Count, angles, pixels below each threshold, histogram of angles."""
        measured = torch.isfinite(gt).all(0) & (torch.linalg.vector_norm(gt, dim=0) > 0)
        angle = angular_error(pred[:, measured].double(), gt[:, measured].double())
        within = [(angle < limit).sum().double() for limit in self.thresholds.values()]
        # A NaN prediction makes the mean NaN; the histogram counts it in the last bin.
        index = (angle.nan_to_num(nan=180.0) * (BINS / 180)).long().clamp_(max=BINS - 1)
        histogram = torch.bincount(index, minlength=BINS).double()
        count = angle.new_tensor(angle.numel())
        return torch.cat([torch.stack([count, angle.sum(), *within]), histogram])

    def summarize(self, sums: Tensor) -> dict[str, float]:
        """Errors over all pixels that have a normal."""
        count, total, *within = sums[: 2 + len(self.thresholds)]
        shares = {k: ratio(w, count, 100) for k, w in zip(self.thresholds, within, strict=True)}
        median = histogram_median(sums[2 + len(self.thresholds) :], 180 / BINS)
        return dict(mean_err=ratio(total, count), median_err=median, **shares)

    def write(self, pred: Tensor, path: Path) -> None:
        """Write unit normals as 16-bit RGB PNG, ``p = (n + 1) * 32767.5``."""
        normals = torch.nn.functional.normalize(pred.double(), dim=0).cpu().numpy()
        write_normals(normals.transpose(1, 2, 0), path.with_name(path.name + ".png"))


def angular_error(pred: Tensor, gt: Tensor) -> Tensor:
    """Angle between vectors, in degrees.

    Uses atan2 of the cross and dot products, which unlike arccos of the cosine is exact for small
    angles as well and needs neither clamping nor unit length.

    Args:
        pred: Shape (3, N); a vector of length 0 counts as 90 degrees.
        gt: Shape (3, N), length larger than 0.

    Returns:
        Shape (N,), in [0, 180].
    """
    cross = torch.linalg.vector_norm(torch.linalg.cross(pred, gt, dim=0), dim=0)
    dot = (pred * gt).sum(0)
    angle = torch.rad2deg(torch.atan2(cross, dot))
    return torch.where(torch.linalg.vector_norm(pred, dim=0) == 0, 90.0, angle)


def histogram_median(histogram: Tensor, width: float) -> float:
    """Median of the values counted in equal bins that start at 0.

    The two middle values (for an odd count, the one) are placed in their bins as if the values of
    a bin were spread evenly, and averaged.

    Args:
        histogram: Counts, shape (B,).
        width: Width of a bin.

    Returns:
        The median with an error below ``width``; NaN for an empty histogram.
    """
    cumulative = histogram.cumsum(0)
    count = round(float(cumulative[-1]))
    if count == 0:
        return math.nan
    middle = []
    for rank in ((count - 1) // 2, count // 2):
        index = int(torch.searchsorted(cumulative, rank, right=True))
        before = float(cumulative[index] - histogram[index])
        middle.append((index + (rank - before + 0.5) / float(histogram[index])) * width)
    return sum(middle) / 2
