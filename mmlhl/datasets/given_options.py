"""Which options of its annotations a dataset was given, beside those that keep their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .annotation import Annotation


def given_options(
    changes: Any, defaults: Mapping[str, Mapping], options: Mapping[str, Any]
) -> dict[str, frozenset[str]]:
    """Options that a config or a dataset's class states, even if as the default.

    Args:
        changes: ``annotations`` of the config, checked.
        defaults: The dataset's annotations.
        options: The config's options of the dataset itself, of which ``reduce_zero_label`` counts
            for the annotation of the field ``sem_seg``.

    Returns:
        Task -> names of the options.
    """
    own = {"reduce_zero_label"} if options.get("reduce_zero_label") is not None else set()
    given = {}
    for task in {**defaults, **(changes or {})}:
        config = {**defaults.get(task, {}), **((changes or {}).get(task) or {})}
        shifted = config.get("kind") == "classes" and config.get("field", "sem_seg") == "sem_seg"
        given[task] = frozenset({*config, *(own if shifted else ())})
    return given


def read_alike(key: str, one: Annotation, other: Annotation) -> bool:
    """Whether an option means the same in two annotations of one kind."""
    implied: dict[str, float] = dict(scale=1.0, offset=0.0) if one.kind != "normal" else {}
    here, there = getattr(one, key), getattr(other, key)
    if key == "id_map":  # one that changes nothing is none
        here, there = (v if v and any(i != v[i] for i in v) else None for v in (here, there))
    if here is None or there is None:  # of normals, the default depends on the files
        here, there = (implied.get(key) if v is None else v for v in (here, there))
    return bool(here == there)
