"""A config's test pipeline for images that have no annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import mmengine.fileio as fileio
import numpy as np
from mmengine.dataset import Compose

from ..datasets.pipelines import build_step
from ..datasets.transforms.loading import LoadImage
from ..registered import type_name
from .frame import Frame

DEFAULT_PIPELINE = (dict(type="LoadImageFromFile"), dict(type="PackMultiTaskInputs"))


def test_pipeline(cfg: Mapping[str, Any]) -> list[dict]:
    """The test pipeline of a config.

    Args:
        cfg: With ``test_dataloader`` or, as for mmseg's apis, ``test_pipeline``.

    Returns:
        Its transforms without those that load annotations; if there is no pipeline, loading and
        packing.
    """
    dataset = (cfg.get("test_dataloader") or {}).get("dataset") or {}
    while isinstance(dataset, Mapping) and ("dataset" in dataset or dataset.get("datasets")):
        dataset = dataset["dataset"] if "dataset" in dataset else dataset["datasets"][0]
    steps = dataset.get("pipeline") or cfg.get("test_pipeline") or DEFAULT_PIPELINE
    return [dict(s) for s in steps if not _loads_annotations(type_name(s))]


def _loads_annotations(name: str) -> bool:
    return name.startswith("Load") and "Annotation" in name


class FramePipeline:
    """Turns a frame into the input of a model.

    Files are read as in training, by the same loader with the same options: grey images get three
    channels, alpha is dropped, 16 bits become 8, and the orientation in a photograph's EXIF data
    is applied. For arrays, the loader is skipped.

    Args:
        steps: Configs of transforms; the first one that reads an image is the loader.

    Raises:
        ValueError: If no transform reads an image.
    """

    def __init__(self, steps: Sequence[dict]) -> None:
        loaders = [i for i, step in enumerate(steps) if type_name(step).startswith("LoadImage")]
        if not loaders:
            raise ValueError(
                "the test pipeline reads no image: it has no LoadImageFromFile or LoadImage among "
                f"{[type_name(step) for step in steps]}"
            )
        # built as in a dataset, so that geometric transforms record how to map predictions back
        built = [build_step(step) for step in steps]
        self.loader = built[loaders[0]]
        self.before = Compose(built[: loaders[0]])
        self.after = Compose(built[loaders[0] + 1 :])

    def load(self, frame: Frame) -> dict:
        """Read a frame's image.

        Args:
            frame: The frame.

        Returns:
            Results with ``img`` ``(H, W, 3)`` BGR, ``img_shape`` and ``ori_shape``.

        Raises:
            FileNotFoundError: If the file is missing.
            ValueError: If it is not an image.
        """
        results = self.before(dict(img_path=frame.path, seg_fields=[]))
        if frame.path is not None:
            return self.loader(results)
        image = frame.image
        if getattr(self.loader, "to_float32", False):
            image = image.astype(np.float32)
        shape = image.shape[:2]
        own = dict(img=image, img_raw=image, img_shape=shape, ori_shape=shape)  # as LoadImage's
        return {**results, **own}

    def __call__(self, frame: Frame) -> dict:
        """Read and prepare a frame; see :meth:`load`.

        Returns:
            ``inputs`` ``(C, H, W)`` and ``data_samples``.
        """
        return self.after(self.load(frame))

    def check(self, path: str) -> None:
        """Check that a file can be decoded, mostly at a fraction of the cost of reading it.

        Args:
            path: The file.

        Raises:
            FileNotFoundError: If the file is missing.
            ValueError: If it is not an image that the pipeline reads.
        """
        backend = getattr(self.loader, "imdecode_backend", None)
        if path.lower().endswith(".npy") or backend not in (None, "cv2"):
            self.load(Frame("", path))
            return
        try:
            content = fileio.get(path, backend_args=getattr(self.loader, "backend_args", None))
        except Exception as error:
            if "://" not in path:
                raise
            # backends raise anything: a host that does not answer, a client that is not installed
            raise ValueError(
                f"{path}: cannot be read ({type(error).__name__}: {error}); download the file and "
                "give its path"
            ) from error
        if isinstance(self.loader, LoadImage):
            self.loader.check_content(content, path)
        data = np.frombuffer(content, np.uint8)
        try:
            small = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_8)
        except cv2.error:  # an empty file, or an image of less than eight pixels
            small = None
        if small is None:  # the loader itself decides whether this is an error
            self.load(Frame("", path))
