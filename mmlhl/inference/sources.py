"""Finding the frames of an input: an image, list, folder, pattern, array or video."""

from __future__ import annotations

import glob
import os
import os.path as osp
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ..config_values import as_list
from ..datasets.reading.lists import read_lines
from ..files import refuse_special
from .arrays import as_bgr
from .folders import IMAGES, VIDEOS, images_below, is_below, is_described
from .frame import Frame
from .video import Video

LIST = ".txt"
"""Suffix of a text file that lists images, one per line."""

Input = str | os.PathLike | np.ndarray

_NOT_TAKEN = dict(
    Tensor=": tensor.numpy() is one, as (H, W, 3)",
    Image=": np.asarray(image) is one, with channel_order='rgb'",
    list=": a list cannot hold a list",
    generator=": make a list of it",
    set=": make a list of it",
)


class Sources:
    """All frames of an input, in order. Videos are read while they are iterated over.

    Folders are searched with their subfolders, through links as well. Results keep the images'
    paths relative to that folder, to the part of a pattern before its wildcards, or to the deepest
    common folder of a list's files, so that images of the same name do not overwrite each other's
    results.

    A text file (``.txt``) is a list as well, with one file, folder, pattern or video per line,
    relative to the text file's folder or else to the current one. Empty lines and lines that begin
    with a hash and a space are skipped.

    Args:
        inputs: A file, folder, pattern (``*``, ``?``, ``[]`` and ``**``), video, text file of
            names, array, or a list of any of them; lists must not be nested.
        exclude: The folder of the results, skipped when folders and patterns are searched. So are
            those of earlier runs, by their ``maps.json``.
        results: Names of its subfolders: only these are skipped where the searched folder is
            ``exclude`` itself or lies in it.
        channel_order: Channel order of arrays: ``'bgr'``, as mmcv reads images, or ``'rgb'``.

    Raises:
        FileNotFoundError: If a file is missing, a folder contains no image, or a pattern matches
            nothing; names the line of a text file.
        ValueError: If an array is not an image, a video cannot be opened, or there is no input.
        TypeError: If an input is of another type.
    """

    def __init__(
        self,
        inputs: Input | Sequence[Input],
        exclude: str | os.PathLike | None = None,
        channel_order: str = "bgr",
        results: Collection[str] = (),
    ) -> None:
        if channel_order not in ("bgr", "rgb"):
            raise ValueError(f"channel_order must be 'bgr' or 'rgb', got {channel_order!r}")
        self.exclude = None if exclude is None else osp.realpath(exclude)
        self.results = tuple(results)
        self.channel_order = channel_order
        self.single = _is_single(inputs)
        several: list[Any] = as_list(inputs)
        if not several:
            raise ValueError("no input: the list of images is empty")
        self.entries: list[Frame | Video] = []
        named: list[tuple[str, str]] = []  # file, and the folder that its name is relative to
        lists = False
        for index, item in enumerate(several):
            if _is_list(item):
                lists = True
                self._add_lines(osp.expanduser(os.fspath(item)), index, named)
            else:
                self._add(item, index, named)
        self._name_files(named, lists or len(several) > 1)

    def __len__(self) -> int:
        """Number of frames, for videos according to their headers."""
        return sum(len(entry) if isinstance(entry, Video) else 1 for entry in self.entries)

    def __iter__(self) -> Iterator[Frame]:
        """All frames."""
        for entry in self.entries:
            if not isinstance(entry, Video):
                yield entry
                continue
            for number, image in enumerate(entry):
                yield Frame(f"{entry.name}/{number:06d}", None, image)

    @property
    def paths(self) -> list[str]:
        """Files of the images that are read from files."""
        return [e.path for e in self.entries if isinstance(e, Frame) and e.path is not None]

    @property
    def names(self) -> list[str]:
        """Names of all images, and of the first frame of each video."""
        first = {id(e): f"{e.name}/{0:06d}" for e in self.entries if isinstance(e, Video)}
        return [first.get(id(entry), entry.name) for entry in self.entries]

    def counted(self, count: int) -> str:
        """How many images and frames of videos were read, such as "5 frame(s) of 1 video(s)".

        Args:
            count: Number of images and frames that were read, all of them.
        """
        videos = sum(isinstance(entry, Video) for entry in self.entries)
        images = len(self.entries) - videos
        parts = [f"{images} image(s)"] if images else []
        if videos:
            parts.append(f"{count - images} frame(s) of {videos} video(s)")
        return " and ".join(parts)

    # -- one input -------------------------------------------------------------------------
    def _add(self, item: Input, index: int, named: list[tuple[str, str]]) -> None:
        if isinstance(item, np.ndarray):
            image = as_bgr(item, f"array {index}", self.channel_order)
            self.entries.append(Frame(f"{index:06d}", None, image))
            return
        if not isinstance(item, (str, os.PathLike)):
            raise TypeError(
                f"input {index} is a {type(item).__name__}; it must be a path, a folder, a "
                "pattern, a video or an array" + _NOT_TAKEN.get(type(item).__name__, "")
            )
        path = os.fspath(item)
        if "://" in path:  # read by mmengine's file backends
            self.entries.append(Frame("", path))
            named.append((path, ""))
            return
        path = osp.expanduser(path)
        if osp.isdir(path):
            files = images_below(path, lambda below: self._is_searched(below, path))
            base = path
        elif osp.isfile(path):
            files, base = [path], ""
        elif glob.has_magic(path):
            files, base = self._matches(path), _fixed_part(path)
        else:
            raise FileNotFoundError(
                f"{path or repr(path)}: no such file or folder, needed as image or video"
            )
        for file in files:
            refuse_special(file)
            if file.lower().endswith(VIDEOS):
                self.entries.append(Video(file))
            else:
                self.entries.append(Frame("", file))
            named.append((file, base))

    def _add_lines(self, path: str, index: int, named: list[tuple[str, str]]) -> None:
        """Add the entries of a text file, one per line."""
        lines = read_lines(path, "list of images")
        if not lines:
            raise ValueError(f"{path}: the list names no image")
        for number, line in lines:
            item = line if "://" in line else _below(osp.dirname(path), osp.expanduser(line))
            if _is_list(item):
                raise ValueError(f"{path}, line {number}: a list ({line}) cannot name a list")
            try:
                self._add(item, index, named)
            except (FileNotFoundError, ValueError) as error:
                raise type(error)(f"{path}, line {number}: {error}") from None

    def _matches(self, pattern: str) -> list[str]:
        files = [file for file in sorted(_found(pattern)) if osp.isfile(file)]
        base = _fixed_part(pattern)
        folders = {osp.dirname(file) for file in files}
        searched = {folder for folder in folders if self._is_searched(folder, base)}
        files = [file for file in files if osp.dirname(file) in searched]
        if not files:
            raise FileNotFoundError(f"{pattern}: no file matches this pattern")
        wrong = [file for file in files if not file.lower().endswith(IMAGES + VIDEOS)]
        if wrong:
            raise ValueError(
                f"{pattern} matches {len(wrong)} file(s) that are neither images nor videos, such "
                f"as {wrong[0]}; end the pattern with an image's ending, e.g. '*.jpg'"
            )
        return files

    def _is_searched(self, folder: str, base: str) -> bool:
        """Whether images in a folder count, when ``base`` is searched."""
        if osp.basename(folder).startswith(".") and osp.basename(folder) not in (".", ".."):
            return False
        if is_described(folder, base):
            return False
        if self.exclude is None:
            return True
        skipped = [self.exclude]
        if is_below(base, self.exclude):  # otherwise nothing would be left
            skipped = [osp.join(self.exclude, name) for name in self.results]
            skipped = [each for each in skipped if not is_below(base, each)]
        return not any(is_below(folder, each) for each in skipped)

    # -- names -----------------------------------------------------------------------------
    def _name_files(self, named: list[tuple[str, str]], several: bool) -> None:
        """Give each file a unique name, as described in the class."""
        local = [osp.abspath(file) for file, _ in named if "://" not in file]
        shared = osp.commonpath([osp.dirname(file) for file in local]) if local else ""
        names = []
        for file, base in named:
            if "://" in file:
                names.append(file.rstrip("/").rpartition("/")[2].partition("?")[0])
            else:
                start = shared if several or not base else osp.abspath(base)
                name = osp.relpath(osp.abspath(file), start)
                if name.startswith(osp.pardir):  # a pattern may lead out of its own folder again
                    name = osp.relpath(osp.abspath(file), shared)
                names.append(name.replace(os.sep, "/"))
        stems = [osp.splitext(name)[0] for name in names]
        shared_by = Counter(stems)
        taken: set[str] = {e.name for e in self.entries if isinstance(e, Frame) and not e.path}
        # the names of a video's frames begin with its own
        folders = {s for s, (f, _) in zip(stems, named, strict=True) if f.lower().endswith(VIDEOS)}
        unique, times = [], Counter(dict.fromkeys(names, 1))
        for name, stem in zip(names, stems, strict=True):
            # a.jpg beside a.png: keep the suffix
            own = shared_by[stem] == 1 and stem not in taken and osp.dirname(stem) not in folders
            chosen = stem if own else name
            while chosen in taken:  # the same file given twice
                times[name] += 1
                chosen = f"{name}_{times[name]}"
            taken.add(chosen)
            unique.append(chosen)
        fresh = iter(unique)
        for index, entry in enumerate(self.entries):
            if isinstance(entry, Video):
                entry.name = next(fresh)
            elif entry.path is not None:
                self.entries[index] = Frame(next(fresh), entry.path)


def _is_single(inputs: object) -> bool:
    """Whether the input is a single image, and not a folder, list or the like."""
    if isinstance(inputs, np.ndarray):
        return True
    if not isinstance(inputs, (str, os.PathLike)):
        return False
    path = osp.expanduser(os.fspath(inputs))
    is_image = not path.lower().endswith((*VIDEOS, LIST))
    return is_image and ("://" in path or osp.isfile(path))


def _is_list(item: object) -> bool:
    """Whether an input is a text file of names."""
    if not isinstance(item, (str, os.PathLike)):
        return False
    path = osp.expanduser(os.fspath(item))
    return isinstance(path, str) and path.lower().endswith(LIST) and osp.isfile(path)


def _below(folder: str, line: str) -> str:
    """A line of a list relative to the list's folder if it names something there."""
    path = osp.join(folder, line)
    if osp.exists(path):
        return path
    pattern = osp.join(glob.escape(folder), line)  # brackets in the folder's name are no pattern
    return pattern if _found(pattern) else line


def _found(pattern: str) -> list[str]:
    """The files and folders that a pattern matches; ``**/**`` means no more than ``**``."""
    try:
        return glob.glob(re.sub(r"(\*\*[/\\])+", r"\1", pattern), recursive=True)
    except RecursionError:
        raise ValueError(f"{pattern[:60]}...: the pattern has too many folders") from None


def _fixed_part(pattern: str) -> str:
    """The folders of a pattern before the first wildcard."""
    folder = osp.dirname(pattern)
    while glob.has_magic(folder):
        folder = osp.dirname(folder)
    return folder or "."
