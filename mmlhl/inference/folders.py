"""The images in a folder and all folders below it."""

from __future__ import annotations

import logging
import os
import os.path as osp
from collections.abc import Callable
from pathlib import Path

from mmengine.logging import print_log

from ..explaining import first_few
from .sidecar import described_tasks
from .writing import PANELS

IMAGES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp"),
    *(".jp2", ".ppm", ".pgm", ".pnm", ".npy"),
)
"""Suffixes of the images that are searched for in a folder, in upper or lower case."""

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
"""Suffixes of videos."""

OTHERS = (".gif", ".avif", ".heic", ".heif", ".jxl", ".exr", ".hdr", ".dng", ".cr2", ".nef", ".arw")
"""Suffixes of images that a search leaves out, with a warning."""


def images_below(folder: str, is_searched: Callable[[str], bool]) -> list[str]:
    """All images in a folder and below it, through links as well.

    Videos and images of other kinds are named in the log.

    Returns:
        Their paths, sorted by folder and name.

    Raises:
        FileNotFoundError: If there is none.
    """
    found, others, seen = [], [], {osp.realpath(folder)}
    for place, folders, files in os.walk(folder, followlinks=True):
        below = []
        for name in sorted(folders):
            real = osp.realpath(osp.join(place, name))
            # a link may lead to a folder that is searched anyway, or back
            if real not in seen and is_searched(osp.join(place, name)):
                seen.add(real)
                below.append(name)
        folders[:] = below
        for file in sorted(files):
            if file.startswith("."):
                continue
            if file.lower().endswith(IMAGES):
                found.append(osp.join(place, file))
            elif file.lower().endswith((*VIDEOS, *OTHERS)):
                others.append(osp.join(place, file))
    if not found:
        hint = f"; {others[0]} has to be named on its own" if others else ""
        raise FileNotFoundError(f"{folder}: the folder holds no image ({', '.join(IMAGES)}){hint}")
    if others:
        names = first_few(osp.relpath(file, folder) for file in others)
        print_log(
            f"{folder}: left out, since only images ({', '.join(IMAGES)}) are searched for: "
            f"{names}; they have to be named on their own",
            "current",
            logging.WARNING,
        )
    return found


def is_below(folder: str, other: str) -> bool:
    """Whether a folder is another one or lies in it."""
    return (osp.realpath(folder) + os.sep).startswith(osp.realpath(other).rstrip(os.sep) + os.sep)


def is_described(folder: str, base: str) -> bool:
    """Whether a folder below ``base`` holds maps or panels that an earlier run has written."""
    while folder and is_below(folder, base) and not is_below(base, folder):
        folder, name = osp.split(folder.rstrip(os.sep))
        described = described_tasks(Path(folder))
        if described and name in (*described, PANELS):
            return True
    return False
