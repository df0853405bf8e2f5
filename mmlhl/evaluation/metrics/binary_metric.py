"""Metrics of binary maps (saliency, binary edges)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmseg.registry import METRICS
from torch import Tensor

from .map_files import write_probability
from .streaming_metric import StreamingMetric

STEPS = 255  # thresholds 0/255 .. 255/255


@METRICS.register_module()
class BinaryMetric(StreamingMetric):
    """Agreement of a predicted probability with a binary map, pooled over all valid pixels.

    A pixel is valid if its label is not ``ignore_index``; any other non-zero label is foreground.
    Both metrics are in percent:

    - ``maxF``: the largest F-measure ``(1 + b) P R / (b P + R)`` over the thresholds k / 255,
      with precision P and recall R of the pixels at or above the threshold,
    - ``IoU``: intersection over union of the foreground at threshold 0.5.

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``.
        beta_squared: b above; 0.3 is usual for saliency, 1 for edges.
        ignore_index: Label of unlabelled pixels.
        **kwargs: See :class:`StreamingMetric`.
    """

    kinds = ("binary",)
    higher_is_better = dict(maxF=True, IoU=True)
    units = dict(maxF="%", IoU="%")

    def __init__(
        self,
        field: str = "saliency_map",
        beta_squared: float = 0.3,
        ignore_index: int = 255,
        **kwargs: Any,
    ) -> None:
        super().__init__(field=field, **kwargs)
        if beta_squared <= 0:
            raise ValueError(f"BinaryMetric: beta_squared must be > 0, got {beta_squared}")
        self.beta_squared = beta_squared
        self.ignore_index = ignore_index

    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Histograms of the probabilities of background and foreground, then the IoU's areas."""
        valid = gt != self.ignore_index
        probability, foreground = pred[valid].double(), gt[valid] > 0
        # Bin k counts probabilities at or above k / 255 and below (k + 1) / 255.
        index = (probability.nan_to_num().clamp(0, 1) * STEPS + 1e-6).long()
        index = index + foreground.long() * (STEPS + 1)
        histogram = torch.bincount(index, minlength=2 * (STEPS + 1)).double()
        positive = probability >= 0.5
        areas = torch.stack([(positive & foreground).sum(), (positive | foreground).sum()])
        # a NaN prediction makes both metrics NaN, as it does with other kinds
        unknown = torch.where(probability.isnan().any(), torch.nan, 0.0)
        return torch.cat([histogram, areas.double()]) + unknown

    def summarize(self, sums: Tensor) -> dict[str, float]:
        """F-measure at its best threshold, and IoU at 0.5."""
        negatives, positives = sums[:-2].view(2, STEPS + 1)
        hits = positives.flip(0).cumsum(0)
        claimed = hits + negatives.flip(0).cumsum(0)
        b = self.beta_squared
        # With P = hits / claimed and R = hits / relevant the F-measure is a single fraction.
        score = (1 + b) * hits / (b * positives.sum() + claimed)
        union = sums[-1]
        return dict(
            maxF=100 * float(score.max()) if positives.sum() else float("nan"),
            IoU=100 * float(sums[-2] / union) if union else float("nan"),
        )

    def write(self, pred: Tensor, path: Path) -> None:
        """Write the probability as 8-bit PNG, 255 for 1."""
        write_probability(pred[0].cpu().numpy(), path.with_name(path.name + ".png"))
