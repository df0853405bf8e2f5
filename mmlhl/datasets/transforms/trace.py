"""The geometric steps that a pipeline applied to an image.

Every geometric transform notes a step in ``results['geometry']``. Packing stores them as the
sample's ``geometry``, and they are undone on predictions in reverse order, see
:mod:`mmlhl.models.views`. A step is a plain dictionary: its ``kind``, ``by`` (the
transform's name) and

- ``flip``: ``direction``;
- ``pad``: ``padding``, (left, right, top, bottom);
- ``resize``: ``size``, (height, width) before, and ``interpolation`` unless bilinear;
- ``cut``, ``warp``, ``zoom``: nothing more, since they cannot be undone.

Annotations that are read after the image was moved keep the file's size, as in mmseg's test
pipelines. They are "resting": no later transform moves them, and training refuses them.
"""

from __future__ import annotations

from typing import Any

GEOMETRY = "geometry"
RESTING = "resting_labels"


def record_step(results: dict, kind: str, by: object, **values: Any) -> None:
    """Add a step, in a new tuple, as several views of an image share the old one.

    Args:
        results: Pipeline results.
        kind: ``flip``, ``pad``, ``resize``, ``cut``, ``warp`` or ``zoom``.
        by: The transform, or its name.
        **values: Values for undoing the step, by kind.
    """
    name = by if isinstance(by, str) else type(by).__name__.removeprefix("Stock")
    step = dict(kind=kind, by=name, **values)
    results[GEOMETRY] = (*results.get(GEOMETRY, ()), step)


def was_moved(results: dict) -> bool:
    """Whether the image was moved since it was read."""
    size = tuple(results["img"].shape[:2])
    return (
        bool(results.get(GEOMETRY) or results.get("flip"))
        or tuple(results.get("ori_shape", size)[:2]) != size
    )


def mark_resting(results: dict, key: str) -> None:
    """Note that an annotation was read after the image was moved."""
    if key not in results.get(RESTING, ()):
        results[RESTING] = (*results.get(RESTING, ()), key)


def movers(results: dict) -> str:
    """Names of the transforms that moved the image, for messages.

    Args:
        results: Pipeline results, or the meta information of a sample.

    Returns:
        The names; examples of transforms if they are unknown.
    """
    names = list(dict.fromkeys(step["by"] for step in results.get(GEOMETRY, ())))
    if results.get("flip") and not any(s["kind"] == "flip" for s in results.get(GEOMETRY, ())):
        names.append("RandomFlip")
    return ", ".join(names) or "a transform (Resize, RandomCrop, Pad ...)"


def read_again_message(name: str, results: dict) -> str:
    """Why an image must not be read again, as a sentence."""
    return (
        f"{results.get('img_path', 'a sample')}: {name} reads the image again, after it was moved "
        f"by {movers(results)}, and its labels would stay moved; read it once, at first"
    )
