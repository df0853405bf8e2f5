"""Ids of samples, from list files or folders; paths cannot leave the data root."""

from __future__ import annotations

import logging
import os
import os.path as osp
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

import mmengine.fileio as fileio
from mmengine.logging import print_log

from .annotation import Annotation
from .endings import Folders, end_of, is_local, other_end_of
from .reading import columns_hint, read_lines


def read_ids(
    path: str,
    img: Mapping[str, str],
    folders: Sequence[str],
    root: str | None = None,
    backend_args: dict | None = None,
) -> dict[str, str]:
    """Read the ids in a list file.

    Byte-order marks, CRLF, blank lines, backslashes between folders, ``./`` and suffixes, in lower
    or upper case, are accepted.

    Args:
        path: Text file with one id per line.
        img: ``dir`` and ``suffix`` of the images.
        folders: The images' folder, then the annotations'.
        root: The data root, which no path may leave.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Id -> suffix of its image as it is spelt on disk.

    Raises:
        FileNotFoundError: If there is no such list, or no image of an id.
        ValueError: If it is not text, or a line is an absolute path, leaves the root or repeats
            another one.
    """
    if not fileio.isfile(path, backend_args=backend_args):
        raise FileNotFoundError(f"ann_file {path!r} does not exist")
    lines: dict[str, int] = {}
    ends: dict[str, str] = {}
    suffix = img["suffix"]
    for number, line in read_lines(path, "list of ids", backend_args):
        where = f"{path}, line {number}"
        name, end = _split(clean_path(line, where), suffix, folders[0])
        if name in lines:
            raise ValueError(f"{where}: {line!r} is in line {lines[name]} already")
        stay_inside(name, folders, root, where)
        lines[name], ends[name] = number, end
    # only local files are checked one by one
    if is_local(folders[0], backend_args) and osp.isdir(folders[0]):
        held = Folders()
        for name, end in ends.items():
            where = f"{path}, line {lines[name]}"
            ends[name] = _end_of_image(held, folders[0], name, end, where, img)
    return ends


def _split(name: str, suffix: str, folder: str) -> tuple[str, str]:
    """Split a name into id and suffix; a suffix in a list may have another image format."""
    end = end_of(name, suffix) if suffix else ""
    if not end and suffix and "." in name and osp.isfile(osp.join(folder, name)):
        end = other_end_of(name, suffix)
    return (name[: -len(end)], end) if end and len(name) > len(end) else (name, suffix)


def _end_of_image(
    held: Folders, folder: str, name: str, end: str, where: str, img: Mapping[str, str]
) -> str:
    suffix = img["suffix"]
    path = held.on_disk(osp.join(folder, name + end), end)
    if osp.isfile(path):
        return path[len(osp.join(folder, name)) :]
    raise FileNotFoundError(
        f"{where}: the image {osp.join(folder, name + end)!r} does not exist; expected one id per "
        f"line, the image's path under img['dir'] ({img['dir']!r}) without img['suffix'] "
        f"({suffix!r})"
        + columns_hint(name + end, lambda each: osp.isfile(osp.join(folder, each + suffix)))
    )


def clean_path(text: str, where: str) -> str:
    """Normalise a relative path.

    Returns:
        The path with forward slashes and without ``.``, ``..`` in the middle and doubled slashes.

    Raises:
        ValueError: If it is absolute, or is not the path of a file.
    """
    name = text.replace("\\", "/")
    if name.startswith(("/", "~/")) or re.match(r"[A-Za-z]:/|[A-Za-z][A-Za-z0-9+.-]*://", name):
        raise ValueError(
            f"{where}: {text!r} is an absolute path; expected one relative to its folder"
            + columns_hint(text, lambda _: False)
        )
    name = posixpath.normpath(name)
    if name == "." or name.rpartition("/")[2] == "..":
        raise ValueError(f"{where}: {text!r} names no file")
    return name


def stay_inside(name: str, folders: Iterable[str], root: str | None, where: str) -> None:
    """Refuse a path that leaves the data root.

    Args:
        name: Normalised path relative to each of the folders.
        folders: Folders in which it is looked for.
        root: The data root; None or a folder outside it: the path must stay in the folder.
        where: Where the path is written, for messages.

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


def find_ids(
    folder: str, suffix: str, backend_args: dict | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Find the ids of all images in a folder, recursively; hidden files and folders do not count.

    Returns:
        Id -> suffix of its image; and the same for images in other formats whose id is not among
        the first.

    Raises:
        ValueError: If two files have the same id.
        FileNotFoundError: If an image is a symbolic link to a file that does not exist.
    """
    ids: dict[str, str] = {}
    others: dict[str, str] = {}
    for file in fileio.list_dir_or_file(
        folder, list_dir=False, recursive=True, backend_args=backend_args
    ):
        file = file.replace("\\", "/")
        if any(part.startswith(".") for part in file.split("/")):
            continue  # left by editors
        end = end_of(file, suffix)
        if not end and suffix:
            if end := other_end_of(file, suffix):
                others[file[: -len(end)]] = end
            continue
        name = file[: len(file) - len(end)]
        if name in ids:
            raise ValueError(
                f"{folder!r} has both {name + ids[name]!r} and {name + end!r}; an id must belong "
                "to one image"
            )
        ids[name] = end
    if is_local(folder, backend_args):
        _refuse_dangling(folder, suffix, ids)
    return ids, {name: end for name, end in others.items() if name not in ids}


def without_labels(ids: Mapping[str, str], suffixes: Iterable[str]) -> dict[str, str]:
    """Leave out the labels of images that lie in the same folder and have the same format.

    Args:
        ids: Id -> suffix of all files that end as images do.
        suffixes: Suffixes of the labels, e.g. ``_label.png``.

    Returns:
        The ids of which none is that of another's label.
    """
    ends = list(suffixes)
    return {
        name: end
        for name, end in ids.items()
        if not any(
            (label := end_of(name + end, each)) and (name + end)[: -len(label)] in ids
            for each in ends
            if len(each) > len(end)
        )
    }


def _refuse_dangling(folder: str, suffix: str, ids: Mapping[str, str]) -> None:
    """Refuse links to images that are gone, which mmengine's listing leaves out."""
    for place, _, names in os.walk(folder, followlinks=True):
        inner = osp.relpath(place, folder).replace("\\", "/")
        prefix = "" if inner == "." else f"{inner}/"
        for name in names:
            end = end_of(name, suffix)
            if (
                not end
                or any(p[0] == "." for p in (prefix + name).split("/"))
                or prefix + name[: len(name) - len(end)] in ids
            ):
                continue
            path = osp.join(place, name)
            if osp.islink(path) and not osp.exists(path):
                raise FileNotFoundError(
                    f"{path!r} is a link to {os.readlink(path)!r}, which does not exist; restore "
                    "the image, or remove the link"
                )


def refuse_left_out(
    others: Mapping[str, str],
    folder: str,
    img: Mapping[str, str],
    folders: Mapping[str, str],
    annotations: Mapping[str, Annotation],
    prefix: str = "",
) -> None:
    """Refuse a folder with annotated images that the suffix does not match.

    Without annotations it is unclear whether these images were meant, so a warning is logged.

    Args:
        others: Id -> suffix of images in other formats.
        folder: Their folder.
        img: ``dir`` and ``suffix`` of the images that are read.
        folders: Task -> folder of its annotation.
        annotations: Annotations by task.
        prefix: Path from the annotations' folders to the files of these images.

    Raises:
        ValueError: Naming the first of them.
    """
    held, suffix = Folders(), img["suffix"]
    lost = []
    for name, end in sorted(others.items()):
        paths = [
            (osp.join(place, prefix, name + annotations[task].suffix), annotations[task].suffix)
            for task, place in folders.items()
        ]
        image = osp.normpath(osp.join(folder, name + end))
        labels = [osp.normpath(held.on_disk(*path)) for path in paths]
        if image not in labels and all(osp.isfile(label) for label in labels):
            lost.append(name + end)
    if not lost:
        return
    sentence = (
        f"images of {folder!r} that img['suffix'] ({suffix!r}) leaves out: {len(lost)}, such as "
        f"{lost[0]!r}"
    )
    if not folders:
        print_log(sentence, logger="current", level=logging.WARNING)
        return
    raise ValueError(
        f"{sentence}; they have annotations. List the images in an ann_file: with their endings "
        "written out to read all of them, or without those that are to be left out"
    )
