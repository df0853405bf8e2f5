"""Deciding for a whole dataset whether 255 in masks means unlabelled or foreground."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .annotation import IGNORE, Annotation
from .dark_images import spread
from .decoding import pick_channels, stored_or_shown
from .reading import read_raw
from .reading.shown_greys import ShownGreys

#: number of files to read; usually the first one decides
SAMPLED = 32
#: fingerprints of datasets that were read completely and contain only zeros
_empty: set[int] = set()


def settle_marks(
    specs: Mapping[str, Annotation],
    samples: Sequence[Mapping[str, Any]],
    backend_args: dict | None = None,
) -> tuple[dict[str, Annotation], dict[str, str]]:
    """Read files, spread over the dataset, until one shows what 255 means.

    Masks are binary annotations and those of two classes. If a file contains a 1, then 255 means
    unlabelled in all files, even in those with 0 and 255 only. If all files contain only 0 and 255,
    the meaning cannot be decided. If the files read first contain only 0, all others are read, the
    largest first, as these most likely contain something else. So one mask in a thousand with a 255
    is found here and not in the middle of training. Annotations with ``ignore``, ``threshold`` or
    ``id_map`` are skipped.

    A threshold of 1 or more is doubtful if the files have numbers up to 1 only.

    Returns:
        The annotations, decided ones with ``ignore``; and a message by task for those that could
        not be decided.
    """
    out, open_questions = dict(specs), {}
    for name, ann in specs.items():
        if not (_is_open(ann) or _expects_greys(ann)):
            continue
        paths = [path for each in samples if (path := each["ann_paths"].get(name)) is not None]
        if _expects_greys(ann):
            if doubtful := _without_greys(paths, ann, backend_args):
                open_questions[name] = (
                    f"{doubtful}: binary annotation {name!r} has no number above 1, in other files "
                    f"neither, so threshold={ann.threshold:g} would make all of it background; "
                    "leave 'threshold' out for masks of 0 and 1"
                )
            continue
        unknown, doubtful = _look(paths, ann, backend_args)
        if unknown:
            out[name] = replace(ann, ignore=ann.ignored)
        elif doubtful:
            open_questions[name] = _sentence(ann, doubtful)
    return out, open_questions


def _is_open(ann: Annotation) -> bool:
    given = (ann.ignore, ann.threshold, ann.id_map, ann.label_map, ann.source, ann.reader, ann.post)
    mask = ann.kind == "binary" or (ann.kind == "classes" and ann.num_classes == 2)
    return mask and not ann.reduce_zero_label and all(each is None for each in given)


def _expects_greys(ann: Annotation) -> bool:
    """Whether an annotation's threshold is for numbers above 1."""
    own = (ann.source, ann.reader, ann.post)
    return ann.threshold is not None and ann.threshold >= 1 and all(each is None for each in own)


def _without_greys(paths: Sequence[str], ann: Annotation, backend_args: dict | None) -> str:
    """A file with a foreground below 1 if no file has greater numbers; '' otherwise."""
    doubtful = ""
    some = [paths[place] for place in spread(len(paths), SAMPLED)]
    for path, raw in _readable(some, ann, backend_args):
        greatest = raw.max(initial=0)
        if greatest > 1:
            return ""
        doubtful = doubtful or (path if greatest > 0 else "")
    return doubtful


def _readable(
    paths: Iterable[str], ann: Annotation, backend_args: dict | None
) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of each file; reading another one for training raises an error with its name."""
    for path in paths:
        try:
            raw = pick_channels(_numbers(path, ann, backend_args), ann, path)
        except (OSError, ValueError):
            continue
        yield path, raw


def _numbers(path: str, ann: Annotation, backend_args: dict | None) -> np.ndarray:
    def choose(pixels: np.ndarray, greys: ShownGreys) -> np.ndarray:
        return stored_or_shown(pixels, greys, ann, path)

    return read_raw(path, ann.name, backend_args, choose=choose)


def _look(paths: Sequence[str], ann: Annotation, backend_args: dict | None) -> tuple[bool, str]:
    """Whether a file shows that 255 means unlabelled; if none does, an ambiguous file or ''."""
    some = [paths[place] for place in spread(len(paths), SAMPLED)]
    unknown, doubtful = _search(some, ann, backend_args)
    if unknown or len(some) == len(paths):
        return unknown, doubtful
    sizes = {path: _size(path) for path in set(paths).difference(some)}
    others = sorted(sizes, key=lambda path: (-sizes[path][0], path))
    mark = hash((ann.allow_void, *paths, *[sizes[path] for path in others]))
    if mark in _empty:
        return False, doubtful
    unknown, found = _search(others, ann, backend_args)
    if not (unknown or doubtful or found):
        _empty.add(mark)
    return unknown, doubtful or found


def _search(paths: Iterable[str], ann: Annotation, backend_args: dict | None) -> tuple[bool, str]:
    doubtful, shown = "", 0
    for path, raw in _readable(paths, ann, backend_args):
        marked = raw == IGNORE
        if ((raw > 0) & ~marked).any():
            return True, ""
        # with allow_void, a file of 255 only is a map without any label
        if marked.any() and not (ann.allow_void and marked.all()):
            doubtful, shown = doubtful or path, shown + 1
            if shown == SAMPLED:
                break
    return False, doubtful


def _size(path: str) -> tuple[int, int]:
    """Size and modification time of a file; zeros if it is not local."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _sentence(ann: Annotation, path: str) -> str:
    start = f"{path}: {ann.kind} annotation {ann.name!r} consists of 0 and 255, in other files, too"
    if ann.kind == "binary":
        return (
            f"{start}; if 255 is the foreground, set threshold=127, if it means unknown, set "
            "ignore=255"
        )
    return (
        f"{start}, so class 0 only would be learned; if 255 is class 1, set "
        "id_map={0: 0, 255: 1}, if it means unknown, set ignore=255"
    )
