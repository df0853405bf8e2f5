"""Metrics of class maps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from torch import Tensor

from ... import config_values
from .map_files import write_classes
from .streaming_metric import StreamingMetric


def class_areas(pred: Tensor, gt: Tensor, classes: int, ignore_index: int) -> Tensor:
    """The counts of IoUMetric, from one histogram of pairs instead of three of classes.

    Args:
        pred: Class ids, any shape.
        gt: Likewise. Ids that are not classes count as errors of the prediction, as in IoUMetric.
        classes: Number of classes.
        ignore_index: Label of unlabelled pixels.

    Returns:
        (4 * classes,) float64: intersection, union, prediction and label of each class.
    """
    ignored = gt == ignore_index
    rows, columns = (_others_last(ids.long(), classes) for ids in (gt, pred))
    rows = rows.masked_fill(ignored, classes + 1)
    pairs = (rows * (classes + 1)).add_(columns).flatten()
    counts = torch.bincount(pairs, minlength=(classes + 2) * (classes + 1)).double()
    counts = counts.view(classes + 2, classes + 1)[:-1]
    both = counts.diagonal()[:-1]
    predicted, labelled = counts.sum(0)[:-1], counts.sum(1)[:-1]
    return torch.cat([both, predicted + labelled - both, predicted, labelled])


def _others_last(ids: Tensor, classes: int) -> Tensor:
    """Map all ids that are not classes to one additional class."""
    low, high = ids.aminmax() if ids.numel() else (0, 0)
    if low >= 0 and high < classes:
        return ids
    return ids.masked_fill((ids < 0) | (ids >= classes), classes)


@METRICS.register_module()
class SegmentationMetric(StreamingMetric, IoUMetric):
    """mmseg's IoUMetric in constant memory, for any class task.

    Counts and formulas are IoUMetric's, with two differences: the counts of all images are added
    to one float64 sum, where IoUMetric keeps four tensors per image, and metrics are not rounded to
    two decimals, because relative gains divide by them.

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``.
        class_names: Names of the classes. By default they come from the dataset's meta
            information: ``<field>_classes`` if present, otherwise, for 'sem_seg', ``classes``.
        num_classes: Instead of ``class_names``, for a task without names.
        ignore_index: Label of unlabelled pixels.
        iou_metrics: Some of 'mIoU', 'mDice' and 'mFscore'; 'mIoU' gives mIoU, aAcc (pixel
            accuracy) and mAcc, all in percent.
        nan_to_num: Value of classes that do not occur; None leaves them out of the means.
        beta: Weight of recall in mFscore.
        **kwargs: See :class:`StreamingMetric`.

    Raises:
        ValueError: If ``iou_metrics`` is empty or names another metric, or an option is out of
            range.
    """

    kinds = ("classes",)
    higher_is_better = dict.fromkeys(
        ("mIoU", "aAcc", "mAcc", "mDice", "mFscore", "mPrecision", "mRecall"), True
    )
    units = dict.fromkeys(higher_is_better, "%")

    def __init__(
        self,
        field: str = "sem_seg",
        class_names: Sequence[str] | None = None,
        num_classes: int | None = None,
        ignore_index: int = 255,
        iou_metrics: Sequence[str] | str = ("mIoU",),
        nan_to_num: int | None = None,
        beta: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(field=field, **kwargs)
        iou_metrics = [iou_metrics] if isinstance(iou_metrics, str) else list(iou_metrics)
        unknown = set(iou_metrics) - {"mIoU", "mDice", "mFscore"}
        if not iou_metrics:
            raise ValueError("SegmentationMetric: iou_metrics is empty, so nothing is measured")
        if beta <= 0 or (num_classes is not None and num_classes < 1):
            raise ValueError(
                f"SegmentationMetric: beta must be above 0 and num_classes at least 1, got {beta} "
                f"and {num_classes}"
            )
        if unknown:
            raise ValueError(
                f"SegmentationMetric: iou_metrics must be of mIoU, mDice and mFscore, not "
                f"{', '.join(sorted(unknown))}"
            )
        if class_names is None and num_classes is not None:
            class_names = [str(i) for i in range(num_classes)]
        if class_names is not None:
            class_names = config_values.names(class_names, "class_names of SegmentationMetric")
            if num_classes not in (None, len(class_names)):
                raise ValueError(
                    f"SegmentationMetric: num_classes is {num_classes}, but class_names has "
                    f"{len(class_names)} names; give one of them"
                )
            if len(set(class_names)) < len(class_names):
                raise ValueError(f"SegmentationMetric: class_names has a name twice: {class_names}")
        self.class_names = class_names
        self.ignore_index = ignore_index
        self.metrics = iou_metrics
        self.nan_to_num = nan_to_num
        self.beta = beta

    @property
    def names(self) -> list[str]:
        """Names of the task's classes.

        Raises:
            ValueError: If neither the config nor the dataset names them.
        """
        meta = self.dataset_meta or {}
        names = self.class_names or meta.get(f"{self.field}_classes")
        if not names and self.field == "sem_seg":
            names = meta.get("classes")
        if not names:
            raise ValueError(
                f"SegmentationMetric(field={self.field!r}): the classes are not known; set "
                f"class_names or num_classes, or give the dataset "
                f"metainfo=dict({'' if self.field == 'sem_seg' else self.field + '_'}classes=...)"
            )
        return list(names)

    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Areas of intersection, union, prediction and label by class, shape (4 * classes,)."""
        return class_areas(pred, gt.to(pred.device), len(self.names), self.ignore_index)

    def summarize(self, sums: Tensor) -> dict[str, float]:
        """Means over the classes that occur, in percent; logs IoUMetric's table of classes."""
        areas = tuple(sums.view(4, -1))
        with warnings.catch_warnings():
            # A class that does not occur is 0 / 0, which nanmean leaves out.
            warnings.simplefilter("ignore", RuntimeWarning)
            values = self.total_area_to_metrics(*areas, self.metrics, self.nan_to_num, self.beta)
            means = {name: 100 * float(np.nanmean(value)) for name, value in values.items()}
        return {name if name == "aAcc" else f"m{name}": mean for name, mean in means.items()}

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Compute the metrics; see :meth:`StreamingMetric.compute_metrics`."""
        if not results:
            return {}
        total = torch.stack(list(results)).sum(0)
        meta = self.dataset_meta
        try:
            self._dataset_meta = dict(meta or {}, classes=self.names)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                IoUMetric.compute_metrics(self, [tuple(total.view(4, -1))])  # logs the table
        finally:
            self._dataset_meta = meta
        return self.summarize(total)

    def write(self, pred: Tensor, path: Path) -> None:
        """Write class ids as 8-bit PNG, as 16-bit where an id is above 255."""
        write_classes(pred[0].cpu().numpy(), path.with_name(path.name + ".png"))
