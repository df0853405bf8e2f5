"""Metrics of maps with real channels (edges, keypoints, reshading, curvature)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.registry import METRICS
from torch import Tensor

from .map_files import write_array
from .streaming_metric import StreamingMetric, ratio


@METRICS.register_module()
class ChannelErrorMetric(StreamingMetric):
    """``l1``: mean absolute error over all measured values of the dataset.

    A value is measured if its ground truth is finite, channel by channel.

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``, e.g. 'edge_map'.
        **kwargs: See :class:`StreamingMetric`.
    """

    kinds = ("channels", "depth", "normal")
    higher_is_better = dict(l1=False)
    units = dict(l1="")
    in_map_unit = ("l1",)

    def __init__(self, field: str, **kwargs: Any) -> None:
        super().__init__(field=field, **kwargs)

    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Count and absolute errors, shape (2,)."""
        measured = torch.isfinite(gt)
        error = (pred[measured].double() - gt[measured].double()).abs()
        return torch.stack([error.new_tensor(error.numel()), error.sum()])

    def summarize(self, sums: Tensor) -> dict[str, float]:
        """Mean over all measured values."""
        return dict(l1=ratio(sums[1], sums[0]))

    def write(self, pred: Tensor, path: Path) -> None:
        """Write the channels as a float32 array of shape (H, W) or (H, W, C)."""
        array = pred.cpu().numpy().astype(np.float32).transpose(1, 2, 0)
        array = array[..., 0] if array.shape[-1] == 1 else array
        write_array(array, path.with_name(path.name + ".npy"))
