"""Reading the frames of a video with OpenCV."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Iterator

import cv2
import numpy as np
from mmengine.logging import print_log


def _refuse_playlist(path: str) -> None:
    """Refuse text under the name of a video: FFmpeg takes it as a list of other files to read."""
    with open(path, "rb") as file:
        start = file.read(16)
    if start and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        raise ValueError(f"{path}: expected a video, got text, which was not read as a playlist")


class Video:
    """A video whose first frame can be read.

    Attributes:
        path: The file.
        name: Name of its results.

    Raises:
        ValueError: If the video cannot be opened or holds no frame.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = osp.splitext(osp.basename(path))[0]
        _refuse_playlist(path)
        capture = cv2.VideoCapture(path)
        try:
            opened, first = capture.isOpened(), capture.read()[0]
            self._count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        finally:
            capture.release()
        if not (opened and first):
            raise ValueError(
                f"{path}: expected a video, but OpenCV cannot read a frame of it (it is broken, or "
                "of a codec that this OpenCV lacks)"
            )

    def __len__(self) -> int:
        """Number of frames in the header, which may be wrong, at least 1."""
        return max(self._count, 1)

    def __iter__(self) -> Iterator[np.ndarray]:
        """All frames, ``(H, W, 3)`` uint8 BGR; a warning is logged if many are missing."""
        capture, count = cv2.VideoCapture(self.path), 0
        try:
            while True:
                more, image = capture.read()
                if not more:
                    break
                count += 1
                yield image
        finally:
            capture.release()
        if count < self._count - 1:  # headers may count one too many
            print_log(
                f"{self.path}: {count} frame(s) can be read, {self._count} stand in its header: "
                "the video may be cut off or broken",
                "current",
                logging.WARNING,
            )
