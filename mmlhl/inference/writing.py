"""Writing predictions to files, each in one atomic step."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..evaluation.metrics.map_files import (
    write_array,
    write_image,
    write_normals,
    write_probability,
)
from ..files import write_bytes
from .sidecar import MILLIMETRE, SIDECAR, Sidecar
from .task_maps import TaskInfo

PANELS = "panels"


class MapWriter:
    """Writes the maps of all tasks below one folder, ``<folder>/<task>/<name>.png``.

    Class maps are 8-bit PNGs with a palette, whose pixels are the class ids (16-bit and grey beyond
    256 classes). Depth is a 16-bit PNG in millimetres, 0 where the prediction is not positive; for
    values beyond 65.535 m the step is multiplied by ten until they fit. Normals are 16-bit RGB
    PNGs of ``(n + 1) * 32767.5``; probabilities 8-bit PNGs, 255 for 1; channels ``.npy`` arrays.
    ``maps.json`` beside them describes the files of each task, and lists depth maps with another
    step; the depth PNGs also contain ``unit`` and ``scale``. It keeps what it says of the maps that
    an earlier run, or another process, has written into the folder.

    Args:
        folder: The folder, made if necessary.
        infos: The tasks.
        arrays: Whether to write every map as ``.npy`` as well, exactly as predicted.
        source: The checkpoint, for ``maps.json``.

    Raises:
        ValueError: If a task's name cannot be the name of a folder, or a folder cannot be made,
            for example because there is a file of that name; if the folder holds a task's maps in
            another unit or of other classes.
        OSError: If the folder cannot be written to.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        infos: Mapping[str, TaskInfo],
        arrays: bool = False,
        source: str = "",
    ) -> None:
        if not os.fspath(folder):
            raise ValueError("the name of the folder for results is empty; '.' is this folder")
        self.folder, self.infos, self.arrays = Path(folder), dict(infos), arrays
        for task in infos:
            if task in (PANELS, SIDECAR, "..") or Path(task).name != task:
                raise ValueError(f"results of task {task!r} cannot be written to a folder {task!r}")
        for path in (*(self.folder / task for task in (*infos, PANELS)), self.folder):
            blocked = next(p for p in (path, *path.parents) if p.exists())
            if not blocked.is_dir():
                raise ValueError(f"{path}: results cannot be written there: {blocked} is a file")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"{self.folder}: the folder for results cannot be made: {error.strerror}; choose "
                "another"
            ) from error
        self.sidecar = Sidecar(self.folder, self.infos, source)

    def write(self, name: str, maps: Mapping[str, np.ndarray]) -> None:
        """Write all maps of one image."""
        for task, array in maps.items():
            path = self.path(task, name, ".png")
            kind = self.infos[task].kind
            if kind == "classes":
                _write_classes(array, self.infos[task].palette or [], path)
            elif kind == "depth":
                self._write_depth(task, name, array, path)
            elif kind == "normal":
                write_normals(array, path)
            elif kind == "binary":
                write_probability(array, path)
            if self.arrays or kind == "channels":
                write_array(array, path.with_name(f"{path.name.removesuffix('.png')}.npy"))

    def write_panel(self, name: str, panel: np.ndarray) -> None:
        """Write a panel ``(H, W, 3)`` uint8 RGB of one image."""
        write_image(panel, self.path(PANELS, name, ".png"))

    def path(self, folder: str, name: str, ending: str) -> Path:
        """Path of an image's map; whatever writes it makes its folder."""
        return self.folder / folder / f"{name}{ending}"

    def _write_depth(self, task: str, name: str, depth: np.ndarray, path: Path) -> None:
        valid = np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float64)
        scale, unit = MILLIMETRE, self.infos[task].unit
        while valid.max(initial=0) / scale >= 65535.5:
            scale *= 10
        scale = float(f"{scale:.6g}")
        steps = np.round(valid / scale)
        steps[(valid > 0) & (steps == 0)] = 1  # 0 would mark the pixel as not positive
        info = PngInfo()
        info.add_text("unit", unit)
        info.add_text("scale", f"{scale:g}")
        grey = Image.frombytes("I;16", depth.shape[::-1], steps.astype("<u2").tobytes())
        _write_pillow(grey, path, info)
        if scale != MILLIMETRE:
            print_log(
                f"{path}: values up to {valid.max():.4g} {unit} do not fit into 16 bits in steps "
                f"of {MILLIMETRE:g} {unit}: written in steps of {scale:g} {unit}, see {SIDECAR}",
                "current",
                logging.WARNING,
            )
        self.sidecar.note_scale(task, name, scale)


def _write_classes(ids: np.ndarray, palette: list[list[int]], path: Path) -> None:
    if len(palette) > 256:
        write_image(ids.astype(np.uint16), path)
        return
    image = Image.frombytes("P", ids.shape[::-1], ids.astype(np.uint8).tobytes())
    image.putpalette([channel for colour in palette for channel in colour])
    _write_pillow(image, path)


def _write_pillow(image: Image.Image, path: Path, info: PngInfo | None = None) -> None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    write_bytes(path, buffer.getvalue(), sync=False)
