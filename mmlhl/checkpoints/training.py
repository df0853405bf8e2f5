"""Facts about the training of a checkpoint: preprocessing of images, and classes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..registered import type_name
from .stored_config import StoredConfigError, stored_config

#: Key of the meta with mean, standard deviation and channel order, see :func:`stored_input`.
INPUT = "input"
_PARTS = ("dataloader", "pipeline")


def stored_input(
    checkpoint: Mapping[str, Any], source: str, pipelines: bool = False
) -> dict[str, Any] | None:
    """How the images of a checkpoint's training were preprocessed.

    Args:
        checkpoint: As it was loaded.
        source: Its file, for messages.
        pipelines: Whether a ``Normalize`` in the stored config's pipelines counts, too, see
            :func:`with_pipeline`.

    Returns:
        ``mean`` and ``std`` as lists, or None without normalisation, and ``bgr_to_rgb``; from the
        meta, else from the config in it. None if neither contains it.
    """
    try:
        config = stored_config(checkpoint, source) or {}
    except StoredConfigError:  # a config that cannot be trusted
        config = {}
    found = _preprocessed(checkpoint.get("meta") or {}, config)
    return with_pipeline(found, config) if found is not None and pipelines else found


def with_pipeline(found: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What a model's input is if its images are normalised in the pipeline.

    Args:
        found: What the preprocessor does, as :func:`stored_input` returns it.
        config: The config with the pipelines; that for testing is read, if there is one.

    Returns:
        The same, with mean and standard deviation of ``Normalize`` if the preprocessor has none.
    """
    if found["mean"] is not None:
        return found
    old = (config.get("data") or {}) if isinstance(config.get("data"), Mapping) else {}
    places = [config.get(f"{kind}_{part}") for kind in ("test", "val", "train") for part in _PARTS]
    for place in (*places, old.get("test"), old.get("train")):
        step = next(_normalizing(place), None)
        if step is not None:
            swap = bool(step.get("to_rgb", True)) != found["bgr_to_rgb"]
            return _input({**step, "bgr_to_rgb": swap, "rgb_to_bgr": False})
    return found


def _normalizing(node: Any) -> Iterator[Mapping]:
    """Configs of ``Normalize`` anywhere below a node, those with both mean and std."""
    if isinstance(node, Mapping):
        complete = node.get("mean") is not None and node.get("std") is not None
        if complete and type_name(node) == "Normalize":
            yield node
        node = list(node.values())
    for child in node if isinstance(node, (list, tuple)) else ():
        yield from _normalizing(child)


def _preprocessed(meta: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any] | None:
    if isinstance(meta.get(INPUT), Mapping):
        return _input(meta[INPUT])
    model = config.get("model") or {}
    while isinstance(model.get("module") or model.get("student"), Mapping):
        outer = model.get("data_preprocessor")
        model = dict(model.get("module") or model["student"])
        if outer:
            model.setdefault("data_preprocessor", outer)
    found = model.get("data_preprocessor") or config.get("data_preprocessor")
    if not isinstance(found, Mapping):
        old = config.get("img_norm_cfg")  # mmseg before 1.0
        if not isinstance(old, Mapping):
            return None
        found = dict(old, bgr_to_rgb=old.get("to_rgb", True))
    return _input(found)


def _input(found: Mapping[str, Any]) -> dict[str, Any]:
    swap = bool(found.get("bgr_to_rgb") or found.get("rgb_to_bgr"))
    both = found.get("mean") is not None and found.get("std") is not None
    mean, std = (found["mean"], found["std"]) if both else (None, None)
    return dict(mean=_numbers(mean), std=_numbers(std), bgr_to_rgb=swap)


def _numbers(values: Any) -> list[float] | None:
    if values is None:
        return None
    return [float(value) for value in (values if isinstance(values, Sequence) else [values])]


def input_differences(stored: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """Differences between a model's input and that of the checkpoint's training."""
    return [
        f"data_preprocessor.{key} is {_shown(own[key])} in the config, "
        f"{_shown(stored[key])} in the checkpoint"
        for key in ("mean", "std", "bgr_to_rgb")
        if not _alike(stored[key], own[key])
    ]


def input_remedy(stored: Mapping[str, Any]) -> str:
    """The line of a config that preprocesses images as in the checkpoint's training."""
    parts = [f"{key}={_shown(stored[key])}" for key in ("mean", "std", "bgr_to_rgb")]
    return f"write model.data_preprocessor=dict({', '.join(parts)}, ...)"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(f'{each:g}' for each in value)}]"
    return repr(value)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        # one number for all channels means the same as three
        length = max(len(one), len(other))
        one, other = (v * length if len(v) == 1 else v for v in (one, other))
        near = (math.isclose(a, b, rel_tol=1e-3) for a, b in zip(one, other, strict=False))
        return len(one) == len(other) and all(near)
    return one == other


def stored_names(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The names of classes and units of the dataset that a checkpoint was trained on.

    Returns:
        Lists of names by ``classes`` and ``<field>_classes``, units by ``<field>_unit``; empty if
        the checkpoint does not contain them.
    """
    meta = checkpoint.get("meta") or {}
    found = names_in(meta.get("dataset_meta") or {})
    if "classes" not in found and meta.get("CLASSES"):
        found["classes"] = [str(name) for name in meta["CLASSES"]]
    return found


def names_in(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """The classes and units among a dataset's meta information, as :func:`stored_names`."""
    found: dict[str, Any] = {}
    for key, value in metainfo.items():
        if not value:
            continue
        if key == "classes" or key.endswith("_classes"):
            found[key] = [str(name) for name in value]
        elif key.endswith("_unit"):
            found[key] = str(value)
    return found


def keys_of_field(field: str) -> tuple[str, str, str]:
    """The keys of a dataset's meta information about a field: classes, colours and unit."""
    start = "" if field == "sem_seg" else f"{field}_"
    return f"{start}classes", f"{start}palette", f"{field}_unit"


def joined_names(
    own: Mapping[str, Any], earlier: Mapping[str, Any], old_fields: Iterable[str]
) -> dict[str, Any]:
    """The meta information of a phase's dataset, with what old tasks were trained on.

    A phase may bring its own images, whose dataset may name other classes or units than those that
    the old heads predict, or none.
    """
    joined = dict(own)
    for field in old_fields:
        keys = keys_of_field(field)
        stored = {key: earlier[key] for key in keys if earlier.get(key) is not None}
        if stored:
            joined = {k: v for k, v in joined.items() if k not in keys or k in stored}
            joined.update(stored)
    return joined


def class_difference(stored: Sequence[str], own: Sequence[str]) -> str | None:
    """The difference between two lists of classes, in one line; None if they are the same.

    Upper case, spaces, hyphens and underscores are ignored.
    """
    if len(stored) != len(own):
        return f"the dataset has {len(own)} classes, the checkpoint was trained with {len(stored)}"
    for index, (there, here) in enumerate(zip(stored, own, strict=True)):
        if _bare(there) != _bare(here):
            return f"class {index} is {here!r} in the dataset, {there!r} in the checkpoint"
    return None


def _bare(name: str) -> str:
    return "".join(letter for letter in str(name).lower() if letter.isalnum())
