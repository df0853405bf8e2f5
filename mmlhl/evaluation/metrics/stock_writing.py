"""The files that mmseg's own metrics write, in our formats."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from .written_files import ComparedFiles, WrittenFiles


def files_of_stock(metric: str, ours: str) -> WrittenFiles:
    """The files of one of mmseg's metrics, which are named after the image alone.

    Args:
        metric: Its name.
        ours: The metric of this package that can include folders in the names.
    """
    remedy = f"put {ours} with output_levels=2 first among the task's metrics"
    return WrittenFiles(metric, remedy)


class StockWriting(ComparedFiles):
    """Replaces the writing of one of mmseg's metrics, its second base."""

    @abstractmethod
    def write(self, sample: dict, path: Path) -> None:
        """Write the prediction of a sample.

        Args:
            sample: The sample, which has the prediction.
            path: File name that ends in ``.png``.
        """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """As in mmseg, but predictions are written in our format.

        Raises:
            ValueError: If the predictions of two images have the same file.
        """
        folder, self.output_dir = self.output_dir, None  # mmseg's own would write as well
        try:
            super().process(data_batch, data_samples)
        finally:
            self.output_dir = folder
        if folder is not None:
            for sample in data_samples:
                path = self.path_of(sample["img_path"])
                path = path.with_name(f"{path.name}.png")
                self._written.add(path, sample["img_path"])
                self.write(sample, path)
