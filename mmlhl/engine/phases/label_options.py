"""The options of stored pseudo labels in a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ...datasets.pseudo_labels.coding import NORMALS
from ...option_rules import BOOL, Rule, check_options, if_set, one_of, whole
from ...spelling import unknown

KEY = "pseudo_labels"
_RULES: dict[str, Rule] = {
    **dict.fromkeys(("stored", "keep"), BOOL),
    "batch_size": if_set(whole(1)),
    "normals": one_of(NORMALS),
    "folder": if_set((lambda value: isinstance(value, str), "a folder")),
    "pipeline": if_set((lambda value: isinstance(value, (list, tuple)), "a list")),
}


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
    check_options(given, _RULES, f"{where}{KEY}")
    if given and "stored" not in given:  # with stored=False they are switched off on purpose
        others = ", ".join(f"{KEY}.{key}" for key in given)
        raise ValueError(f"{where}{others}: of no effect without {KEY}.stored=True")
    return LabelOptions(**given)
