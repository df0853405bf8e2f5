"""Whether 255 in masks without ``ignore`` means unknown or the foreground: one answer a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .annotation import IGNORE, Annotation
from .reading import read_raw

#: greatest number of files that are read for an answer; most often the first one gives it
LOOKED_AT = 32


def settle_marks(
    specs: Mapping[str, Annotation],
    samples: Sequence[Mapping[str, Any]],
    backend_args: dict | None = None,
) -> tuple[dict[str, Annotation], dict[str, str]]:
    """Look into files, spread over the set, until one says what 255 means.

    Masks are binary annotations, and those of two classes. A file with a 1 does: 255 is unknown
    then, in all files, also in those that have no other number but 0. Where all have 0 and 255
    alone, it cannot be decided. An annotation that says it itself, by ``ignore``, ``threshold`` or
    ``id_map``, is not looked at.

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
        doubtful = None
        for path in _some_paths(samples, name):
            try:
                raw = read_raw(path, name, backend_args)
            except (OSError, ValueError):  # named when it is read for training
                continue
            marked = raw == IGNORE
            if ((raw > 0) & ~marked).any():
                out[name], doubtful = replace(ann, ignore=ann.ignored), None
                break
            if doubtful is None and marked.any() and not marked.all():
                doubtful = path
        if doubtful is not None:
            open_questions[name] = _sentence(ann, doubtful)
    return out, open_questions


def _is_open(ann: Annotation) -> bool:
    told = (ann.ignore, ann.threshold, ann.id_map, ann.label_map, ann.source, ann.reader, ann.post)
    mask = ann.kind == "binary" or (ann.kind == "classes" and ann.num_classes == 2)
    return mask and not ann.reduce_zero_label and all(each is None for each in told)


def _some_paths(samples: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    places = np.linspace(0, len(samples) - 1, min(len(samples), LOOKED_AT)).round().astype(int)
    paths = [samples[place]["ann_paths"].get(name) for place in places]
    return [path for path in paths if path is not None]


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
