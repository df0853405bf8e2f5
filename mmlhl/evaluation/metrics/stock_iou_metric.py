"""mmseg's ``IoUMetric``, which writes the prediction of every image to a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from .map_files import write_classes
from .stock_writing import StockWriting, files_of_stock


@METRICS.register_module(name="IoUMetric", force=True)
class StockIoUMetric(StockWriting, IoUMetric):
    """mmseg's ``IoUMetric``; with ``output_dir``, mmseg's own replaces files of the same name.

    Files hold class ids, one more each with ``reduce_zero_label``, as in mmseg; in 16 bits where
    an id is above 255.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._written = files_of_stock("IoUMetric", "SegmentationMetric")

    def write(self, sample: dict, path: Path) -> None:
        """Write the class ids of a sample."""
        ids = sample["pred_sem_seg"]["data"].squeeze(0).cpu().numpy()
        write_classes(ids + 1 if sample.get("reduce_zero_label") else ids, path)
