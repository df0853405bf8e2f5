"""Files that predictions must not replace: the images themselves, and files of others."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterable, Sequence
from pathlib import Path

from .sidecar import SIDECAR, described_tasks
from .writing import PANELS

ENDINGS = (".png", ".npy")


def check_kept(
    folder: str | os.PathLike, parts: Iterable[str], names: Sequence[str], images: Iterable[str]
) -> None:
    """Refuse a folder where predictions would replace files that are no earlier predictions.

    Args:
        folder: The folder for results.
        parts: Its subfolders that are written to: tasks, and that of the panels.
        names: Names of the results, relative paths without a suffix.
        images: Files of the images.

    Raises:
        ValueError: Naming the first file that would be lost.
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
