"""Whether 255 in masks without ``ignore`` means unknown or the foreground: one answer per set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .annotation import IGNORE, Annotation
from .decoding import pick_channels
from .reading import read_raw

#: so many files that show something are read for an answer; most often the first one gives it
LOOKED_AT = 32
#: sets that were read to their end and hold nothing but zeros
_empty: set[int] = set()


def settle_marks(
    specs: Mapping[str, Annotation],
    samples: Sequence[Mapping[str, Any]],
    backend_args: dict | None = None,
) -> tuple[dict[str, Annotation], dict[str, str]]:
    """Read files, spread over the set, until one shows what 255 means.

    Masks are binary annotations, and those of two classes. A file with a 1 does: 255 is unknown
    then, in all files, also in those that have no other number but 0. Where all have 0 and 255
    alone, it cannot be decided. Where the files that were looked at have nothing but 0, all others
    are read, the largest first, which show something most likely: the one mask in a thousand that
    has a 255 is met here and not in the middle of training. An annotation that says it itself, by
    ``ignore``, ``threshold`` or ``id_map``, is not looked at.

    Args:
        specs: Annotations by task.
        samples: All samples of the set, each with ``ann_paths``.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        The annotations, those that are settled with ``ignore``; and of those that remain undecided
        what is wrong, by task.
    """
    out, open_questions = dict(specs), {}
    for name, ann in specs.items():
        if not _is_open(ann):
            continue
        paths = [path for each in samples if (path := each["ann_paths"].get(name)) is not None]
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


def _look(paths: Sequence[str], ann: Annotation, backend_args: dict | None) -> tuple[bool, str]:
    """Whether 255 is unknown, as a file shows; if none does, a file that may be read either way."""
    places = np.linspace(0, len(paths) - 1, min(len(paths), LOOKED_AT)).round().astype(int)
    spread = [paths[place] for place in places]
    unknown, doubtful = _search(spread, ann, backend_args)
    if unknown or len(spread) == len(paths):
        return unknown, doubtful
    sizes = {path: _size(path) for path in set(paths).difference(spread)}
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
    for path in paths:
        try:
            raw = pick_channels(read_raw(path, ann.name, backend_args), ann, path)
        except (OSError, ValueError):  # named when it is read for training
            continue
        marked = raw == IGNORE
        if ((raw > 0) & ~marked).any():
            return True, ""
        # where images without any label belong to the set, a file of 255 alone is one
        if marked.any() and not (ann.allow_void and marked.all()):
            doubtful, shown = doubtful or path, shown + 1
            if shown == LOOKED_AT:
                break
    return False, doubtful


def _size(path: str) -> tuple[int, int]:
    """Bytes and time of a file; zeros where only its backend knows."""
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
