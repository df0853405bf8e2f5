"""A panel of all tasks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.dist import is_main_process
from mmengine.visualization import LocalVisBackend
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer

from ..files import write_bytes
from .legends import class_legend, classes_in, colour_bar, footer, normal_sphere, numbers
from .lettering import captioned
from .map_colours import (
    KINDS,
    UNITS,
    checkerboard,
    colour_map,
    fit_width,
    guess_kind,
    value_range,
)
from .panel_grid import arrange
from .sample_maps import read_maps

GAP = 6  # pixels between cells


@VISUALIZERS.register_module()
class MultiTaskVisualizer(SegLocalVisualizer):
    """Draw the image and, for each task, ground truth and prediction side by side.

    It works with mmseg's ``SegVisualizationHook`` and ``--show-dir`` like its base class. It draws
    every ``gt_<field>`` and ``pred_<field>`` of the data sample, either of which may be missing.
    Depth and channels of a task share the scale of the ground truth, which the caption gives with
    its unit. Unlabelled or unmeasured pixels are a grey checkerboard. Below the maps are legends: a
    bar for depth, channels and binary maps, a sphere for normals, the names of the classes that
    occur.

    Names, colours and units come from the dataset's meta information: ``classes`` and ``palette``
    of ``sem_seg``, ``<field>_classes`` and ``<field>_palette`` of other class maps, and
    ``<field>_unit``; the default unit of depth is metres. Captions name the task, ``<field>_task``,
    or else the field without ``_map``, ``sem_seg`` as ``seg``.

    Tasks stand in the order of ``fields``, which the hook and the inferencer set to that of the
    model's heads, in which they were learned; other fields follow, the usual ones first.

    Args:
        name: Name of the instance.
        *args: See mmseg's SegLocalVisualizer.
        kinds: Kind of a field ('classes', 'binary', 'depth', 'normal' or 'channels'), for fields
            whose name and type do not determine it.
        cell_width: Width of each map in the panel in pixels.
        limits: Values of the first and the last colour of a field, so that pictures of several
            images share them; by default the range of each image.
        **kwargs: See mmseg's SegLocalVisualizer; ``alpha`` is the weight of the class colours
            over the image.

    Raises:
        ValueError: If a kind is unknown.

    Examples:
        >>> visualizer = dict(
        ...     type='MultiTaskVisualizer', name='visualizer',
        ...     vis_backends=[dict(type='LocalVisBackend')])
    """

    #: options whose keys are fields
    by_field = ("kinds", "limits")

    def __init__(
        self,
        name: str = "visualizer",
        *args: Any,
        kinds: dict[str, str] | None = None,
        cell_width: int = 320,
        limits: dict[str, Sequence[float]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, *args, **kwargs)
        for field, kind in (kinds or {}).items():
            if kind not in KINDS:
                raise ValueError(
                    f"MultiTaskVisualizer: kinds[{field!r}] must be one of {', '.join(KINDS)}, "
                    f"not {kind!r}"
                )
        for field, pair in (limits or {}).items():
            if len(pair) != 2 or not pair[0] < pair[1]:
                raise ValueError(
                    f"MultiTaskVisualizer: limits[{field!r}] must be (low, high), not {pair!r}"
                )
        self.kinds = dict(kinds or {})
        self.limits = {field: (float(a), float(b)) for field, (a, b) in (limits or {}).items()}
        if cell_width < 1:
            raise ValueError(f"{type(self).__name__}: cell_width must be >= 1, got {cell_width}")
        self.cell_width = cell_width
        self.fields: tuple[str, ...] = ()

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
        with_labels: bool | None = True,
        **kwargs: Any,
    ) -> None:
        """Draw a sample and show it, write it to a file, or pass it to the backends.

        Of several processes only the first shows a window; the others pass pictures only to
        backends that write files, since other services expect one process.

        Args:
            name: Name of the picture.
            image: The image, shape (H, W, 3), uint8, RGB.
            data_sample: Maps; None for the image alone.
            draw_gt: Whether to draw ground truth.
            draw_pred: Whether to draw predictions.
            show: Show a window and store nothing.
            wait_time: Seconds that the window is shown; 0 to wait for a key.
            out_file: File to write instead of using the backends.
            step: Step for the backends.
            with_labels: Whether to add a legend of the classes.
            **kwargs: Further options of the base class, not used.
        """
        drawn = self.panel(image, data_sample, draw_gt, draw_pred, bool(with_labels))
        self.set_image(drawn)
        if show and is_main_process():
            self.show(drawn, win_name=name, wait_time=wait_time)
        if out_file is not None:
            data = cv2.imencode(Path(out_file).suffix or ".png", drawn[..., ::-1])[1]
            write_bytes(out_file, data.tobytes(), sync=False)
        elif not show:
            for backend in self._vis_backends.values():
                if is_main_process() or isinstance(backend, LocalVisBackend):
                    backend.add_image(name, drawn, step)

    def panel(
        self,
        image: np.ndarray,
        data_sample: SegDataSample | None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        with_labels: bool = True,
    ) -> np.ndarray:
        """Draw a sample; see :meth:`add_datasample`.

        Returns:
            The panel, shape (H', W', 3), uint8, RGB.
        """
        maps = read_maps(data_sample, draw_gt, draw_pred)
        maps = {field: maps[field] for field in (*self.fields, *maps) if field in maps}
        sides = [side for side in ("gt", "pred") if any(side in pair for pair in maps.values())]
        picture = fit_width(np.ascontiguousarray(image), self.cell_width, smooth=True)
        blocks = [[captioned(picture, "image")]]
        keys = []
        for field, pair in maps.items():
            kind = self.kinds.get(field) or guess_kind(field, next(iter(pair.values())))
            limits = self.limits.get(field) or value_range(kind, list(pair.values()))
            blocks.append(self._task(field, pair, sides, picture, kind, limits))
            key = self._key(field, pair, kind, limits, with_labels)
            if key is not None:
                keys.append(key)
        drawn = arrange(blocks, max(len(sides), 1), GAP)
        return np.concatenate([drawn, footer(keys, drawn.shape[1], GAP)])

    def _task(
        self,
        field: str,
        pair: dict[str, np.ndarray],
        sides: list[str],
        picture: np.ndarray,
        kind: str,
        limits: tuple[float, float],
    ) -> list[np.ndarray]:
        """Cells of one task: ground truth and prediction."""
        scale = f" {numbers(limits, self._unit(field, kind))}"
        cells = []
        for side in sides:
            word = "truth" if side == "gt" else "prediction"
            caption = f"{self._title(field)} {word}{scale if kind in ('depth', 'channels') else ''}"
            if side in pair:
                cell = colour_map(kind, pair[side], self._palette(field), limits)
                cell = cv2.resize(cell, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
                if field == "sem_seg":
                    cell = cv2.addWeighted(cell, self.alpha, picture, 1 - self.alpha, 0)
            else:
                cell, caption = checkerboard(picture.shape[:2]), f"{caption}: none"
            cells.append(captioned(cell, caption))
        return cells

    def _key(
        self,
        field: str,
        pair: dict[str, np.ndarray],
        kind: str,
        limits: tuple[float, float],
        with_labels: bool,
    ) -> np.ndarray | None:
        """Legend of one task's colours."""
        title, width = self._title(field), self.cell_width
        if kind == "normal":
            return normal_sphere(title, width)
        if kind != "classes":
            unit, maps = self._unit(field, kind), list(pair.values())
            return colour_bar(kind, title, limits, unit, width, maps)
        present = classes_in(list(pair.values()))
        if not (with_labels and present):
            return None
        key = "classes" if field == "sem_seg" else f"{field}_classes"
        names = (self.dataset_meta or {}).get(key) or ()
        return class_legend(title, present, names, self._palette(field), width)

    def _unit(self, field: str, kind: str) -> str:
        # of the default units only metres are drawn: the others say what the kind says
        default = UNITS["depth"] if kind == "depth" else ""
        return (self.dataset_meta or {}).get(f"{field}_unit") or default

    def _title(self, field: str) -> str:
        task = (self.dataset_meta or {}).get(f"{field}_task")
        return task or ("seg" if field == "sem_seg" else field.removesuffix("_map"))

    def _palette(self, field: str) -> np.ndarray | None:
        meta = self.dataset_meta or {}
        key = "palette" if field == "sem_seg" else f"{field}_palette"
        return None if meta.get(key) is None else np.asarray(meta[key], np.uint8)
