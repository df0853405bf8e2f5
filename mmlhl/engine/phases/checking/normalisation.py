"""Checks that images are normalised once, alike in training and tests, and in their own range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ....config_values import as_list, nodes
from ....registered import type_name
from ..grammar import LOADERS


def check_normalisation(cfg: Mapping, where: str = "") -> None:
    """Refuse images that are normalised or made RGB twice, or in tests otherwise.

    Raises:
        ValueError: Naming the loader with ``Normalize`` in its pipeline.
    """
    found = {key: _normalizing(cfg[key]) for key in LOADERS if cfg.get(key) is not None}
    named = preprocessor_of(cfg) or {}
    for key, steps in found.items():
        if steps and named.get("mean") is not None:
            raise ValueError(
                f"{where}{key}: Normalize in the pipeline and data_preprocessor.mean="
                f"{named['mean']!r} would normalise images twice: take one of the two out, the "
                "latter by mean=None, std=None"
            )
    for key in found:
        if named.get("bgr_to_rgb") and _makes_rgb(cfg[key]):
            raise ValueError(
                f"{where}{key}: Normalize in the pipeline makes RGB of images, and "
                "data_preprocessor.bgr_to_rgb=True would turn them back: set one of them to False "
                "(to_rgb=False of Normalize)"
            )
    keys = list(found)
    for trained, key in zip(keys[:1] * len(keys), keys[1:], strict=False):
        if found[key] != found[trained]:
            own, other = (key, trained) if found[key] else (trained, key)
            differs = "does otherwise" if found[other] else "does not"
            raise ValueError(
                f"{where}{own}: Normalize in the pipeline normalises images, and that of {other} "
                f"{differs}: write the same into both, or mean and std into data_preprocessor"
            )


def preprocessor_of(cfg: Mapping) -> Any:
    """The config of the data preprocessor.

    mmengine gives the one beside the model to a model without its own.
    """
    own = (cfg.get("model") or {}).get("data_preprocessor")
    return cfg.get("data_preprocessor") if own is None else own


def check_range(preprocessor: Any, images: Sequence[Any]) -> None:
    """Refuse a mean and a deviation for images of 0 to 1 where images go to 255, or vice versa.

    Args:
        preprocessor: The model's data preprocessor.
        images: Images ``(3, H, W)`` before it.

    Raises:
        ValueError: Naming the mean and what would be right.
    """
    if not getattr(preprocessor, "_enable_normalize", False):
        return
    mean, std = preprocessor.mean.flatten(), preprocessor.std.flatten()
    whole = [each for each in images if isinstance(each, Tensor)]
    if not whole:
        return
    greatest = max(float(each.max()) for each in whole)
    shown = f"data_preprocessor.mean={_numbers(mean)}, std={_numbers(std)}"
    for_one = bool((mean < 1).all() and (mean > 0).any() and (std < 1).all())
    if for_one and greatest > 2:
        raise ValueError(
            f"{shown} are for images of 0 to 1, but an image has values up to {greatest:g}: write "
            f"mean={_numbers(mean * 255)}, std={_numbers(std * 255)}"
        )
    lowest = min(float(each.min()) for each in whole)
    if bool((mean > 20).all()) and lowest < 0 and greatest < 20:
        raise ValueError(
            f"{shown} are for images of 0 to 255, but images have values of {lowest:.4g} to "
            f"{greatest:.4g}: a transform normalises them already; take it out, or write "
            "mean=None, std=None"
        )
    fractions = any(bool((each != each.round()).any()) for each in whole)
    if bool((mean > 2).all()) and 0 < greatest <= 1 and fractions:
        raise ValueError(
            f"{shown} are for images of 0 to 255, but images have values of 0 to {greatest:g}: "
            f"write mean={_numbers(mean / 255)}, std={_numbers(std / 255)}"
        )


def _makes_rgb(loader: Mapping) -> bool:
    """Whether a pipeline exchanges red and blue, as mmcv's Normalize does by default."""
    steps = [step for node in nodes(loader) for step in as_list(node.get("pipeline") or ())]
    return any(
        isinstance(step, Mapping) and type_name(step) == "Normalize" and step.get("to_rgb", True)
        for step in steps  # not those of albumentations, which keep the order
    )


def _normalizing(loader: Mapping) -> list[dict[str, Any]]:
    """What changes values in the pipelines of a loader, each once."""
    found: list[dict[str, Any]] = []
    for node in nodes(loader):
        if type_name(node) != "Normalize":
            continue
        step = {key: value for key, value in node.items() if key not in ("type", "_scope_")}
        same = [set(as_list(step.get(key))) for key in ("mean", "std")] == [{0}, {1}]
        if not same and step not in found:  # otherwise only channels are swapped
            found.append(step)
    return found


def _numbers(values: Tensor) -> list[float]:
    return [round(float(each), 3) for each in values]
