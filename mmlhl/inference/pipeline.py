"""A config's test pipeline for images that have no annotations."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import mmengine.fileio as fileio
import numpy as np
from mmengine.dataset import Compose
from mmengine.logging import print_log

from ..datasets.dark_images import look_at_images
from ..datasets.pipelines import build_step, loads_annotations
from ..datasets.reading.backends import backend_of
from ..datasets.transforms import LoadImage
from ..datasets.wrappers import innermost_configs
from ..explaining import explained_error
from ..refusals import is_refusal
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

    Raises:
        ValueError: If it is no list of transforms.
    """
    dataset = next(innermost_configs(cfg.get("test_dataloader")), {})
    steps = dataset.get("pipeline") or cfg.get("test_pipeline") or DEFAULT_PIPELINE
    if not isinstance(steps, (list, tuple)) or not all(isinstance(s, Mapping) for s in steps):
        raise ValueError(f"the test pipeline must be a list of transforms, got {steps!r:.80}")
    return [dict(step) for step in steps if not loads_annotations(step)]


def _without_backend(step: Mapping[str, Any]) -> dict:
    return {k: v for k, v in step.items() if k not in ("backend_args", "file_client_args")}


@contextmanager
def _named(frame: Frame) -> Iterator[None]:
    """Name the frame in an error of a transform, which may raise anything.

    Raises:
        ValueError: In place of errors that the commands would show with a traceback.
    """
    try:
        yield
    except Exception as error:
        if is_refusal(error):
            raise
        raise ValueError(
            f"{frame.path or frame.name}: the test pipeline fails: {explained_error(error)}"
        ) from error


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
        #: reads files of this machine: the training's storage may be another
        self.local = build_step(_without_backend(steps[loaders[0]]))
        self.before = Compose(built[: loaders[0]])
        self.after = Compose(built[loaders[0] + 1 :])

    def load(self, frame: Frame) -> dict:
        """Read a frame's image.

        Returns:
            Results with ``img`` ``(H, W, 3)`` BGR, ``img_shape`` and ``ori_shape``.

        Raises:
            FileNotFoundError: If the file is missing.
            ValueError: If it is not an image.
        """
        with _named(frame):
            results = self.before(dict(img_path=frame.path, seg_fields=[]))
            if frame.path is not None:
                return (self.loader if "://" in frame.path else self.local)(results)
        image = frame.image
        if getattr(self.loader, "to_float32", False):
            image = image.astype(np.float32)
        shape = image.shape[:2]
        own = dict(img=image, img_raw=image, img_shape=shape, ori_shape=shape)  # as LoadImage's
        return {**results, **own}

    def prepare(self, frame: Frame, results: dict) -> dict:
        """Prepare a frame that :meth:`load` has read.

        Returns:
            ``inputs`` ``(C, H, W)`` and ``data_samples``.

        Raises:
            ValueError: If a transform of the pipeline fails.
        """
        with _named(frame):
            return self.after(results)

    def __call__(self, frame: Frame) -> dict:
        """Read and prepare a frame; see :meth:`load` and :meth:`prepare`."""
        return self.prepare(frame, self.load(frame))

    def warn_of_dark(self, paths: Sequence[str]) -> None:
        """Log a warning if all images are read nearly black, such as 12 bits in files of 16.

        Args:
            paths: Files that can be read; some of this machine are looked at, as in a dataset.
        """
        here = [dict(img_path=path) for path in paths if "://" not in path]
        doubt = look_at_images(here, self.local, None) if here else ""
        if doubt:
            print_log(f"the images: {doubt}", "current", logging.WARNING)

    def check(self, path: str) -> None:
        """Check that a file can be decoded, mostly at a fraction of the cost of reading it.

        Raises:
            FileNotFoundError: If the file is missing.
            ValueError: If it is not an image that the pipeline reads.
        """
        if path.lower().endswith(".npy") or backend_of(self.loader) != "cv2":
            self.load(Frame("", path))
            return
        try:
            loader = self.loader if "://" in path else self.local
            content = fileio.get(path, backend_args=getattr(loader, "backend_args", None))
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
