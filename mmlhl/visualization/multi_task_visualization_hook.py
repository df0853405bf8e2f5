"""Drawing predictions while a model is validated or tested."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import get_dist_info, is_main_process
from mmengine.runner import Runner
from mmseg.engine import SegVisualizationHook
from mmseg.registry import HOOKS, TRANSFORMS
from mmseg.structures import SegDataSample
from torch.nn import ModuleDict

from ..config_values import is_whole
from .multi_task_visualizer import MultiTaskVisualizer
from .photographs import as_shown


@HOOKS.register_module()
class MultiTaskVisualizationHook(SegVisualizationHook):
    """mmseg's SegVisualizationHook for all images that this package's datasets read.

    mmseg's hook decodes image files only; this one also draws datasets of ``.npy`` images. It
    behaves the same with the maintained and the classic mmseg, which differ here: validation draws
    the first image of every ``interval``-th batch, testing (``--show-dir``) all images, or every
    ``test_interval``-th. Of several processes each draws its images of a test, and the first those
    of a validation.

    Args:
        *args: See mmseg's SegVisualizationHook.
        loader: Transform that reads an image, given ``img_path``; None for the loader of the
            dataset, else ``dict(type='LoadImage')``.
        test_interval: In testing, draw the first image and every n-th after it.
        **kwargs: See mmseg's SegVisualizationHook.

    Raises:
        ValueError: If ``interval`` or ``test_interval`` is not a whole number from 1; -1 as
            ``interval`` draws nothing in validation.
    """

    def __init__(
        self, *args: Any, loader: dict | None = None, test_interval: int = 1, **kwargs: Any
    ) -> None:
        with warnings.catch_warnings():  # draw=False is the default, not something to warn of
            warnings.filterwarnings("ignore", "The draw is False", UserWarning)
            super().__init__(*args, **kwargs)
        if not is_whole(self.interval) or (self.interval < 1 and self.interval != -1):
            raise ValueError(
                f"MultiTaskVisualizationHook: interval is {self.interval!r}; it must be a whole "
                "number from 1, or -1 to draw nothing in validation"
            )
        if not is_whole(test_interval) or test_interval < 1:
            raise ValueError(
                f"MultiTaskVisualizationHook: test_interval is {test_interval!r}; it must be a "
                "whole number from 1, which draws all images"
            )
        self.test_interval = test_interval
        self.loader = None if loader is None else dict(loader)
        self._drawn = 0

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[SegDataSample]
    ) -> None:
        """Draw the first sample of every ``interval``-th batch."""
        drawn = self.draw and self.interval > 0 and batch_idx % self.interval == 0
        if drawn and is_main_process():
            self._order(runner)
            self._draw("val", outputs[0], runner.iter, getattr(runner, "val_loop", None))

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[SegDataSample]
    ) -> None:
        """Draw all samples of a batch, or every ``test_interval``-th."""
        if not self.draw:
            return
        self._order(runner)
        loop = getattr(runner, "test_loop", None)
        size = len(loop.dataloader.dataset) if loop is not None else math.inf
        rank, processes = get_dist_info()
        for sample in outputs:
            # The samplers deal images out in turns, and repeat some at the end.
            index = rank + self._drawn * processes
            self._drawn += 1
            if index < size and index % self.test_interval == 0:
                # The number as step distinguishes images of the same name.
                self._draw("test", sample, index + 1, loop)

    def _order(self, runner: Any) -> None:
        """Give the visualizer the order in which the tasks were learned."""
        model = getattr(runner, "model", None)
        while hasattr(model, "module"):  # of several processes, or of test-time augmentation
            model = model.module
        heads = getattr(model, "heads", None)
        if isinstance(heads, ModuleDict) and isinstance(self._visualizer, MultiTaskVisualizer):
            found = (getattr(head, "field", None) for head in heads.values())
            self._visualizer.fields = tuple(field for field in found if field)

    def _draw(self, mode: str, sample: SegDataSample, step: int, loop: Any) -> None:
        dataset = getattr(getattr(loop, "dataloader", None), "dataset", None)
        load = getattr(dataset, "img_loader", None)
        if self.loader is not None or load is None:
            load = TRANSFORMS.build(self.loader or dict(type="LoadImage"))
        results = load(dict(img_path=sample.img_path))
        self._visualizer.add_datasample(
            f"{mode}_{Path(sample.img_path).stem}",
            as_shown(results["img"]),
            data_sample=sample,
            show=self.show,
            wait_time=self.wait_time,
            step=step,
        )
