"""The files that a metric writes predictions to."""

from __future__ import annotations

import os
from pathlib import Path

from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric


class WrittenFiles:
    """The image of each written file, so that no image's prediction replaces another's.

    Args:
        owner: Class of the metric, for the message.
        remedy: What to do if two images have one file, likewise.
    """

    def __init__(self, owner: str, remedy: str) -> None:
        self.owner, self.remedy = owner, remedy
        self._images: dict[str, str] = {}

    def add(self, path: str | os.PathLike, image: str) -> None:
        """Note a file that is about to be written.

        Raises:
            ValueError: If it is that of another image.
        """
        path = os.fspath(path)
        self._check(path, self._images.setdefault(path, image), image)

    def compare(self) -> None:
        """Compare the files of all processes, which all have to call this, and forget them.

        Raises:
            ValueError: If two processes have written the predictions of two images to one file.
        """
        written, self._images = self._images, {}
        together: dict[str, str] = {}
        for part in all_gather_object(written):
            for path, image in part.items():
                self._check(path, together.setdefault(path, image), image)

    def _check(self, path: str, one: str, other: str) -> None:
        if one != other:
            raise ValueError(
                f"{self.owner}: the predictions of {one} and {other} would both be written to "
                f"{path}; {self.remedy}"
            )


class ComparedFiles(BaseMetric):
    """A metric that notes the files it writes, and compares those of all processes.

    Attributes:
        output_dir: Folder of the files; None if it writes none.
    """

    output_dir: str | os.PathLike | None
    _written: WrittenFiles

    @property
    def owner(self) -> str:
        """Class of the metric, for messages."""
        return self._written.owner

    def path_of(self, image: str) -> Path:
        """The file of an image's prediction, without its ending."""
        return Path(str(self.output_dir), Path(image).stem)

    def evaluate(self, size: int) -> dict:
        """As in mmengine; the files that all processes have written are compared first.

        Raises:
            ValueError: See :meth:`check_written`.
        """
        self.check_written()
        return super().evaluate(size)

    def check_written(self) -> None:
        """Compare the files that all processes have written since the last evaluation.

        Raises:
            ValueError: If two processes have written the predictions of two images to one file.
        """
        if self.output_dir is not None:
            self._written.compare()
