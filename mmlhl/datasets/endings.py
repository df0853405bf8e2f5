"""File suffixes with the same meaning: in lower or upper case, ``.jpg`` and ``.jpeg``."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterable, Mapping
from typing import Any

from .annotation import Annotation

_ALIKE = (("jpg", "jpeg", "jpe", "jfif"), ("tif", "tiff"))
_IMAGES = ("png", "bmp", "webp", "ppm", "pgm", "gif", "npy", "npz")


def end_of(name: str, suffix: str) -> str:
    """The end of a file's name that is equivalent to a suffix.

    Args:
        name: The name.
        suffix: For instance ``_rgb.jpg``; its file extension may be spelt in any way.

    Returns:
        The end as it is spelt in the name; empty if the name has another suffix.
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
    """The end of an image's name that differs from a suffix only in the image format."""
    stem, dot, _ = suffix.rpartition(".")
    if not dot:
        return ""
    for each in (*_IMAGES, *(family[0] for family in _ALIKE)):
        if end := end_of(name, f"{stem}.{each}"):
            return end
    return ""


class Folders:
    """Names of the files in local folders; each folder is listed once."""

    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._lower: dict[str, dict[str, list[str]]] = {}

    def on_disk(self, path: str, suffix: str) -> str:
        """A path with its suffix spelt as in the name of the file on disk.

        Returns:
            The path of the existing file; the given path if no or several files match, or the
            folder is not local.
        """
        folder, name = osp.split(path)
        if folder not in self._held:
            self._held[folder] = names_in(folder) or set()
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


def is_local(folder: str, backend_args: Mapping | None = None) -> bool:
    """Whether a folder is one of this machine, and not of a backend that may map it elsewhere."""
    return "://" not in folder and (backend_args or {}).get("backend", "local") == "local"


def names_in(folder: str, backend_args: Mapping | None = None) -> set[str] | None:
    """Names of the files in a folder, without links to nothing.

    There are none if it does not exist, None if it is not local.
    """
    if not is_local(folder, backend_args):
        return None
    try:
        with os.scandir(folder) as found:
            return {each.name for each in found if not each.is_symlink() or osp.exists(each.path)}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def what_is_in(folder: str, wanted: str = "") -> str:
    """What a local folder holds, as the end of a sentence about a file that it lacks.

    Args:
        folder: The folder.
        wanted: Name of the missing file; one of its format is named first.

    Returns:
        A part that names one file; empty if the folder is not local or does not exist.
    """
    end = osp.splitext(wanted)[1]
    found = [name for name in names_in(folder) or () if name[0] != "."]
    names = sorted(found, key=lambda name: (not name.endswith(end), name))
    if not names:
        return "; the folder is empty" if osp.isdir(folder) else ""
    return f"; the folder holds {names[0]!r}" + (f" and {len(names) - 1} more" if names[1:] else "")


def spell_as_on_disk(
    samples: Iterable[dict[str, Any]], annotations: Mapping[str, Annotation]
) -> None:
    """Replace the suffixes in samples' annotation paths by their spelling on disk.

    Args:
        samples: Samples with ``ann_paths``, changed in place.
        annotations: Annotations by task.
    """
    folders = Folders()
    for sample in samples:
        paths = sample["ann_paths"]
        for task, path in paths.items():
            suffix = annotations[task].suffix
            if not path.endswith(suffix):
                continue  # a subclass may name its files in another way
            paths[task] = folders.on_disk(path, suffix)
            if sample.get("seg_map_path") == path:
                sample["seg_map_path"] = paths[task]
