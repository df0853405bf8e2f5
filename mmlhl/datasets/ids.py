"""Ids of samples: from list files of any style, and never outside the data root."""

from __future__ import annotations

import os.path as osp
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

import mmengine.fileio as fileio

from .reading import read_lines


def read_ids(
    path: str,
    img: Mapping[str, str],
    folders: Sequence[str],
    root: str | None = None,
    backend_args: dict | None = None,
) -> dict[str, str]:
    """Ids of a list file.

    Byte-order marks, CRLF, blank lines, backslashes between folders, ``./`` and a suffix that is
    written out, in small or in capital letters, make no difference.

    Args:
        path: Text file with one id per line.
        img: ``dir`` and ``suffix`` of the images.
        folders: The images' folder, then the annotations'.
        root: The data root, which no path may leave.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Id -> end of its image's name: the suffix, in the letters of the file.

    Raises:
        FileNotFoundError: If there is no such list, or no image of an id.
        ValueError: If it is not text, or a line is an absolute path, leaves the root or repeats
            another one.
    """
    lines: dict[str, int] = {}
    ends: dict[str, str] = {}
    suffix = img["suffix"]
    for number, line in read_lines(path, "list of ids", backend_args):
        where = f"{path}, line {number}"
        name, end = clean_path(line, where), suffix
        if suffix and name.lower().endswith(suffix.lower()) and len(name) > len(suffix):
            name, end = name[: -len(suffix)], name[-len(suffix) :]
        if name in lines:
            raise ValueError(f"{where}: {line!r} is in line {lines[name]} already")
        stay_inside(name, folders, root, where)
        lines[name], ends[name] = number, end
    if osp.isdir(folders[0]):  # remote files are not asked for one by one
        for name, end in ends.items():
            ends[name] = _end_of_image(folders[0], name, end, f"{path}, line {lines[name]}", img)
    return ends


def _end_of_image(folder: str, name: str, end: str, where: str, img: Mapping[str, str]) -> str:
    suffix = img["suffix"]
    for each in (end, suffix, suffix.lower(), suffix.upper()):  # as the list says, or as it is
        if osp.isfile(osp.join(folder, name + each)):
            return each
    raise FileNotFoundError(
        f"{where}: the image {osp.join(folder, name + end)!r} does not exist; expected one id a "
        f"line, the image's path under img['dir'] ({img['dir']!r}) without img['suffix'] "
        f"({suffix!r})"
    )


def clean_path(text: str, where: str) -> str:
    """A relative path in one spelling.

    Args:
        text: The path as somebody wrote it.
        where: Its place, for messages.

    Returns:
        The path with forward slashes and without ``.``, ``..`` in the middle and doubled slashes.

    Raises:
        ValueError: If it is absolute, or names no file.
    """
    name = text.replace("\\", "/")
    if name.startswith(("/", "~/")) or re.match(r"[A-Za-z]:/|[A-Za-z][A-Za-z0-9+.-]*://", name):
        raise ValueError(
            f"{where}: {text!r} is an absolute path; expected one relative to its folder"
        )
    name = posixpath.normpath(name)
    if name == "." or name.rpartition("/")[2] == "..":
        raise ValueError(f"{where}: {text!r} names no file")
    return name


def stay_inside(name: str, folders: Iterable[str], root: str | None, where: str) -> None:
    """Refuse a path that leaves the data root.

    Args:
        name: Cleaned path relative to each of the folders.
        folders: Folders in which it is looked for.
        root: The data root. A folder outside it must not be left.
        where: Place of the path, for messages.

    Raises:
        ValueError: If it leads out of the root and the folder.
    """
    up = name.split("/").count("..")
    if not up:
        return
    for folder in folders:
        depth = 0
        if root:
            inner = osp.relpath(osp.normpath(folder), osp.normpath(root)).replace("\\", "/")
            depth = 0 if inner == "." or inner.startswith("..") else inner.count("/") + 1
        if up > depth:
            raise ValueError(
                f"{where}: {name!r} leads out of the data root {root!r} (from the folder "
                f"{folder!r})"
            )


def find_ids(folder: str, suffix: str, backend_args: dict | None = None) -> dict[str, str]:
    """Ids of all images in a folder and the folders in it.

    Args:
        folder: The folder.
        suffix: End of the images' names, in small or in capital letters.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Id -> end of its image's name.

    Raises:
        ValueError: If two files have the same id.
    """
    ids: dict[str, str] = {}
    for file in fileio.list_dir_or_file(
        folder, list_dir=False, recursive=True, backend_args=backend_args
    ):
        if not file.lower().endswith(suffix.lower()):
            continue
        name, end = file[: len(file) - len(suffix)], file[len(file) - len(suffix) :]
        name = name.replace("\\", "/")
        if name in ids:
            raise ValueError(
                f"{folder!r} has both {name + ids[name]!r} and {name + end!r}; an id must belong "
                "to one image"
            )
        ids[name] = end
    return ids
