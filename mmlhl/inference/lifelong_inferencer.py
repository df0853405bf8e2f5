"""Predicting the maps of all tasks for images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeAlias

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.infer.infer import BaseInferencer
from mmengine.registry import INFERENCERS as ROOT_INFERENCERS
from mmengine.registry import init_default_scope
from mmseg.registry import INFERENCERS
from mmseg.structures import SegDataSample
from torch import nn

from ..explaining import explained_error
from ..visualization import MultiTaskVisualizer
from ..visualization.photographs import as_shown
from .batches import check_count, naming, of_one_size
from .frame import Frame
from .kept_files import check_kept
from .loading import LoadedModel, checkpoint_and_config, load_model
from .pipeline import FramePipeline, test_pipeline
from .progress import track_frames
from .sources import Input, Sources
from .task_maps import describe_tasks, task_arrays
from .visualizer import visualizer_of
from .writing import PANELS, MapWriter

VISUALIZATION = "visualization"
Result: TypeAlias = dict[str, np.ndarray] | SegDataSample


@ROOT_INFERENCERS.register_module()
@INFERENCERS.register_module()
class LifelongInferencer(BaseInferencer):
    """Predicts the maps of all tasks of a checkpoint, similar to mmseg's MMSegInferencer.

    It only needs the checkpoint, which contains the config, the classes and their colours.

    Args:
        model: The checkpoint; or its config, with the checkpoint in ``weights``.
        weights: The checkpoint, if ``model`` is a config or None.
        tasks: Tasks to predict; None for all tasks of the checkpoint.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'`` ...; None for the GPU if there is one.
        scope: Registry scope of the model.
        show_progress: Whether to draw a progress bar.

    Attributes:
        tasks: Kind, unit, classes and palette of each task, by name.

    Raises:
        FileNotFoundError: If the checkpoint or the config is missing.
        ValueError: If there is no such task or device, or the checkpoint does not fit its config.

    Examples:
        >>> from mmlhl.inference import LifelongInferencer
        >>> inferencer = LifelongInferencer("work_dirs/demo/phase_3_normal/normal.pth")
        >>> maps = inferencer("photo.jpg")
        >>> maps["depth"]  # (H, W) float32, in metres
    """

    postprocess_kwargs = {"out_dir", "npy", "panels", "return_vis"}

    def __init__(
        self,
        model: str | os.PathLike | dict | Config | ConfigDict | None = None,
        weights: str | os.PathLike | None = None,
        tasks: Sequence[str] | None = None,
        device: str | torch.device | None = None,
        scope: str = "mmseg",
        show_progress: bool = True,
    ) -> None:
        init_default_scope(scope)
        self.loaded: LoadedModel = load_model(*checkpoint_and_config(model, weights), tasks, device)
        device = str(next(self.loaded.model.parameters()).device)
        # the base class would read the checkpoint's config by itself, so it gets no weights
        super().__init__(self.loaded.cfg, None, device, scope)
        self.show_progress = show_progress
        self.tasks = describe_tasks(self.loaded.model, self.loaded.dataset_meta)

    # -- called by mmengine's base class -----------------------------------------------------
    def _init_model(self, cfg: Config, weights: str | None, device: str = "cpu") -> nn.Module:
        # by __dict__, since attributes of a module are typed as tensors or modules
        self.loaded.model.__dict__.update(cfg=cfg, dataset_meta=self.loaded.dataset_meta)
        return self.loaded.model

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate  # as the preprocessor expects; mmengine's own code logs a warning

    def _init_pipeline(self, cfg: Config) -> FramePipeline:
        with self._of_config("test pipeline"):
            return FramePipeline(test_pipeline(cfg))

    def _init_visualizer(self, cfg: Config) -> MultiTaskVisualizer:
        with self._of_config("visualizer"):
            return visualizer_of(f"inferencer_{id(self)}", self.loaded, cfg.get("visualizer") or {})

    @contextmanager
    def _of_config(self, part: str) -> Iterator[None]:
        """Name the checkpoint whose config has a part that cannot be built."""
        try:
            yield
        except Exception as error:
            raise ValueError(
                f"{self.loaded.checkpoint}: the {part} of its config cannot be used: "
                f"{explained_error(error)}"
            ) from error

    # -- prediction ----------------------------------------------------------------------------
    def __call__(
        self,
        inputs: Input | Sequence[Input],
        return_datasamples: bool = False,
        batch_size: int = 1,
        out_dir: str | os.PathLike | None = None,
        npy: bool = False,
        panels: bool = False,
        return_vis: bool = False,
        channel_order: str = "bgr",
    ) -> Result | list[Result]:
        """Predict images and return all maps together.

        Args:
            inputs: An image, folder, pattern, video or array, or a list; see
                :class:`~mmlhl.inference.sources.Sources`.
            return_datasamples: Return mmseg's data samples instead of arrays.
            batch_size: Number of images per forward pass; images of different sizes are put into
                separate batches.
            out_dir: Folder to write the maps to, see
                :class:`~mmlhl.inference.writing.MapWriter`.
            npy: Also write all maps as ``.npy``.
            panels: Also write pictures of all tasks.
            return_vis: Add the picture of all tasks, ``(H, W, 3)`` uint8 RGB, to each result as
                ``visualization``.
            channel_order: Channel order of arrays: ``'bgr'``, as mmcv reads images, or ``'rgb'``.

        Returns:
            For a single image or array, its maps by task: class ids ``(H, W)`` int64, depth
            ``(H, W)`` float32 in metres, unit vectors ``(H, W, 3)`` float32 and so on, at the
            image's own size. For other inputs, a list of such dicts in the order of the images.

        Raises:
            FileNotFoundError: If an image is missing, or a folder or pattern has none.
            ValueError: If an input is not an image, a video cannot be opened, or an option is
                invalid, and nothing is written then; or if the model cannot take an image.
        """
        if return_vis and return_datasamples:
            raise ValueError("return_vis adds a picture to arrays: leave return_datasamples out")
        if return_vis and VISUALIZATION in self.tasks:
            raise ValueError(f"return_vis: a task is called {VISUALIZATION!r} itself")
        sources, writer = self._begin(inputs, batch_size, out_dir, npy, panels, channel_order)
        results: list[Result] = []
        for frame, image, sample in self._samples(sources, batch_size):
            maps = self._write(writer, frame, image, sample, panels)
            if return_vis:
                maps[VISUALIZATION] = self.panel(image, sample)
            results.append(sample.cpu() if return_datasamples else maps)
        return results[0] if sources.single else results

    def stream(
        self,
        inputs: Input | Sequence[Input],
        batch_size: int = 1,
        out_dir: str | os.PathLike | None = None,
        npy: bool = False,
        panels: bool = False,
        channel_order: str = "bgr",
    ) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Predict any number of images with no more than one batch in memory.

        Args:
            inputs: As in :meth:`__call__`, like the other arguments. They are checked when this
                method is called, before the first result is computed.
            batch_size: Number of images per forward pass.
            out_dir: Folder to write the maps to.
            npy: Also write all maps as ``.npy``.
            panels: Also write pictures of all tasks.
            channel_order: Channel order of arrays.

        Returns:
            An iterator over the images' names and maps.
        """
        sources, writer = self._begin(inputs, batch_size, out_dir, npy, panels, channel_order)
        return (
            (frame.name, self._write(writer, frame, image, sample, panels))
            for frame, image, sample in self._samples(sources, batch_size)
        )

    def panel(self, image: np.ndarray, sample: SegDataSample) -> np.ndarray:
        """A picture of an image and all its predictions.

        Args:
            image: ``(H, W, 3)`` BGR or ``(H, W)`` grey in 0..255.
            sample: With the predictions.

        Returns:
            ``(H', W', 3)`` uint8 RGB.
        """
        return self.visualizer.panel(as_shown(image), sample, draw_gt=False)

    # -- steps -----------------------------------------------------------------------------
    def _begin(
        self,
        inputs: Input | Sequence[Input],
        batch_size: int,
        out_dir: str | os.PathLike | None,
        npy: bool,
        panels: bool,
        channel_order: str,
    ) -> tuple[Sources, MapWriter | None]:
        """Check all arguments and image files, then make the folder of the results."""
        check_count(batch_size)
        if out_dir is None and (npy or panels):
            raise ValueError(f"{'npy' if npy else 'panels'}=True writes files: it needs an out_dir")
        out_dir = out_dir and os.path.expanduser(out_dir)
        results = (*self.loaded.known_tasks, PANELS)
        self.sources = sources = Sources(inputs, out_dir, channel_order, results)
        paths = sources.paths
        for path in track_frames(paths, len(paths), "checking", self.show_progress):
            self.pipeline.check(path)
        self.pipeline.warn_of_dark(paths)
        if out_dir is None:
            return sources, None
        parts = (*self.tasks, PANELS) if panels else self.tasks
        check_kept(out_dir, parts, sources.names, paths)
        return sources, MapWriter(out_dir, self.tasks, npy, self.loaded.checkpoint)

    def _samples(
        self, sources: Sources, batch_size: int
    ) -> Iterator[tuple[Frame, np.ndarray, SegDataSample]]:
        frames = track_frames(sources, len(sources), "predicting", self.show_progress)
        while batch := list(islice(frames, batch_size)):
            images = [self.pipeline.load(frame) for frame in batch]
            # copied, since the pipeline may change the image in place
            pictures = [results["img"].copy() for results in images]
            packed = [
                self.pipeline.prepare(frame, results)
                for frame, results in zip(batch, images, strict=True)
            ]
            with naming(batch):
                samples = self.forward(packed)
            yield from zip(batch, pictures, samples, strict=True)

    @torch.no_grad()
    def forward(self, inputs: list[dict], **kwargs: object) -> list[SegDataSample]:
        """Predict images, with images of the same size in one batch.

        Returns:
            Data samples with the predictions, in order.
        """
        samples: dict[int, SegDataSample] = {}
        self.model.eval()  # in training mode, batch statistics would come from these images
        for indices in of_one_size([tuple(data["inputs"].shape) for data in inputs]):
            batch = self.collate_fn([inputs[index] for index in indices])
            samples.update(zip(indices, self.model.test_step(batch), strict=True))
        return [samples[index] for index in range(len(inputs))]

    def _write(
        self,
        writer: MapWriter | None,
        frame: Frame,
        image: np.ndarray,
        sample: SegDataSample,
        panels: bool,
    ) -> dict[str, np.ndarray]:
        maps = task_arrays(sample, self.tasks)
        if writer is not None:
            writer.write(frame.name, maps)
            if panels:
                writer.write_panel(frame.name, self.panel(image, sample))
        return maps

    def visualize(
        self, inputs: list, preds: list[SegDataSample], **kwargs: object
    ) -> list[np.ndarray]:
        """Pictures of images ``(H, W, 3)`` BGR and their predictions; see :meth:`panel`."""
        return [self.panel(image, sample) for image, sample in zip(inputs, preds, strict=True)]

    def postprocess(
        self,
        preds: list[SegDataSample],
        visualization: list[np.ndarray] | None = None,
        return_datasample: bool = False,
        **kwargs: object,
    ) -> list:
        """Maps by task of each data sample; see :func:`~mmlhl.inference.task_maps.task_arrays`."""
        if return_datasample:
            return preds
        return [task_arrays(sample, self.tasks) for sample in preds]
