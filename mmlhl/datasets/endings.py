"""Ends of file names that mean the same: in small or capital letters, ``.jpg`` and ``.jpeg``."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterable, Mapping
from typing import Any

from .annotation import Annotation

_ALIKE = (("jpg", "jpeg", "jpe", "jfif"), ("tif", "tiff"))
_IMAGES = ("png", "bmp", "webp", "ppm", "pgm", "gif", "npy", "npz")


def end_of(name: str, suffix: str) -> str:
    """The end of a file's name that means a suffix.

    Args:
        name: The name.
        suffix: E.g. ``_rgb.jpg``; a last part with a dot may be any spelling of its format.

    Returns:
        The end, in the letters of the name; empty if the name ends in something else.
    """
    lower = name.lower()
    for each in _spellings(suffix.lower()):
        if lower.endswith(each):
            return name[len(name) - len(each) :]
    return ""


def _spellings(suffix: str) -> list[str]:
    stem, dot, last = suffix.rpartition(".")
    alike = next((family for family in _ALIKE if dot and last in family), (last,))
    return [stem + dot + each for each in alike]


def other_end_of(name: str, suffix: str) -> str:
    """The end of an image's name that would mean a suffix, had the image the suffix's format."""
    stem, dot, _ = suffix.rpartition(".")
    if not dot:
        return ""
    for each in (*_IMAGES, *(family[0] for family in _ALIKE)):
        if end := end_of(name, f"{stem}.{each}"):
            return end
    return ""


class Folders:
    """Folders of this machine, each listed once."""

    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._lower: dict[str, dict[str, list[str]]] = {}

    def on_disk(self, path: str, suffix: str) -> str:
        """A path with its suffix spelt as the file's name is.

        Args:
            path: A path that ends in the suffix.
            suffix: The end.

        Returns:
            The path of the file that exists; the path itself if none or several do, or its folder
            is not one of this machine.
        """
        folder, name = osp.split(path)
        if folder not in self._held:
            self._held[folder] = _names(folder)
        if not suffix or not self._held[folder] or name in self._held[folder]:
            return path
        if folder not in self._lower:
            self._lower[folder] = {}
            for each in self._held[folder]:
                self._lower[folder].setdefault(each.lower(), []).append(each)
        start = name[: -len(suffix)]
        found = [
            each
            for end in _spellings(suffix.lower())
            for each in self._lower[folder].get(start.lower() + end, ())
            if each.startswith(start)
        ]
        return osp.join(folder, found[0]) if len(found) == 1 else path


def _names(folder: str) -> set[str]:
    if "://" in folder:
        return set()
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return set()


def spell_as_on_disk(
    samples: Iterable[dict[str, Any]], annotations: Mapping[str, Annotation]
) -> None:
    """Put into samples the files' own spelling of their annotations' suffixes.

    Args:
        samples: Each with ``ann_paths``.
        annotations: By task.
    """
    folders = Folders()
    for sample in samples:
        paths = sample["ann_paths"]
        for task, path in paths.items():
            suffix = annotations[task].suffix
            if not path.endswith(suffix):
                continue  # a set of one's own has another way to name them
            paths[task] = folders.on_disk(path, suffix)
            if sample.get("seg_map_path") == path:
                sample["seg_map_path"] = paths[task]
