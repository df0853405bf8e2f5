"""Files that predictions must not replace: the images themselves, and files of others."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..evaluation.metrics.map_files import ENDINGS
from .sidecar import SIDECAR, described_tasks
from .writing import PANELS


def check_kept(
    folder: str | os.PathLike, parts: Iterable[str], names: Sequence[str], images: Iterable[str]
) -> None:
    """Refuse a folder where predictions would replace files that are no earlier predictions.

    Files of other names are refused as well: the folder would be described as one of predictions,
    and a later run would replace them.

    Args:
        folder: The folder for results.
        parts: Its subfolders that are written to: tasks, and that of the panels.
        names: Names of the results, relative paths without a suffix.
        images: Files of the images.

    Raises:
        ValueError: Naming the first file that would be lost, now or later.
    """
    folder = Path(folder)
    described = described_tasks(folder)
    read = {osp.realpath(image) for image in images}
    for part in parts:
        if not (folder / part).is_dir():
            continue
        earlier = part in described or (part == PANELS and described)
        for path in (folder / part / f"{name}{ending}" for name in names for ending in ENDINGS):
            if not path.exists():
                continue
            if osp.realpath(path) in read:
                raise ValueError(
                    f"{path} is one of the images, and its prediction would replace it: write the "
                    "results into another folder"
                )
            if not earlier:
                raise ValueError(
                    f"{path} would be replaced, but {folder / SIDECAR} does not list it as a "
                    "prediction: write the results into another folder"
                )
        other = None if earlier else _first_map(folder / part)
        if other is not None:
            raise ValueError(
                f"{other} is not listed in {folder / SIDECAR} as a prediction, and would be taken "
                "for one, and replaced, later: write the results into another folder"
            )


def _first_map(folder: Path) -> Path | None:
    """A file below a folder that has the ending of a prediction."""
    return next((path for path in folder.rglob("*") if path.suffix in ENDINGS), None)
