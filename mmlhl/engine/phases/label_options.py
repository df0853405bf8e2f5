"""The options of stored pseudo labels in a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ...config_values import is_whole
from ...datasets.pseudo_labels.coding import NORMALS
from ...spelling import unknown

KEY = "pseudo_labels"


@dataclass(frozen=True)
class LabelOptions:
    """The config's ``pseudo_labels``.

    Attributes:
        stored: Whether the teacher labels a phase's images once, to disk, instead of in each step.
        keep: Whether the labels are kept when the phase is done.
        folder: Folder in which each phase's labels get a subfolder; the phase's folder if None.
        batch_size: Number of images that the teacher labels at a time; the train loader's if None.
        normals: ``float16``, or ``int8`` with an error of up to 0.4 degrees.
        pipeline: Pipeline of the teacher's images; the test pipeline if None.
    """

    stored: bool = False
    keep: bool = False
    folder: str | None = None
    batch_size: int | None = None
    normals: str = NORMALS[0]
    pipeline: Sequence[dict] | None = None


def label_options(given: Any, where: str = "") -> LabelOptions:
    """Check and return the options of a config's ``pseudo_labels``.

    Args:
        given: The value; None for the defaults.
        where: Beginning of messages.

    Raises:
        ValueError: Naming the key, the value and what would be right.
    """
    if given is None:
        return LabelOptions()
    known = [field.name for field in fields(LabelOptions)]
    if not isinstance(given, Mapping):
        raise ValueError(f"{where}{KEY} must be a dict such as dict(stored=True), got {given!r}")
    for key in given:
        if key not in known:
            raise ValueError(f"{where}{KEY}.{key}: {unknown(str(key), known)}")
    options = LabelOptions(**given)
    for key in ("stored", "keep"):
        if not isinstance(getattr(options, key), bool):
            raise ValueError(f"{where}{KEY}.{key} must be True or False, got {given[key]!r}")
    size = options.batch_size
    if size is not None and not (is_whole(size) and size >= 1):
        raise ValueError(f"{where}{KEY}.batch_size must be an integer >= 1, got {size!r}")
    if options.normals not in NORMALS:
        raise ValueError(f"{where}{KEY}.normals must be one of {NORMALS}, got {options.normals!r}")
    if options.folder is not None and not isinstance(options.folder, str):
        raise ValueError(f"{where}{KEY}.folder must be a folder, got {options.folder!r}")
    if options.pipeline is not None and not isinstance(options.pipeline, (list, tuple)):
        raise ValueError(f"{where}{KEY}.pipeline must be a list, got {options.pipeline!r}")
    if given and "stored" not in given:  # with stored=False they are switched off on purpose
        others = ", ".join(f"{KEY}.{key}" for key in given)
        raise ValueError(f"{where}{others}: of no effect without {KEY}.stored=True")
    return options
