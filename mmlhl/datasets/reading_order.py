"""Image loaders that stand behind a transform that moves pixels."""

from __future__ import annotations

from typing import Any

from ..config_values import as_list
from .label_order import moves, name_of
from .transforms.watched import Watched

_LOADERS = ("LoadImage", "LoadSingleRSImageFromFile", "InferencerLoader")


def refuse_late_loaders(steps: Any) -> None:
    """Refuse a pipeline that reads the image again when it may have been moved.

    Its labels would stay moved. While running, that shows in the samples that are moved only.

    Args:
        steps: The built transforms, a list or one that holds them.

    Raises:
        ValueError: Naming both transforms.
    """
    _movers(steps, None)


def _movers(steps: Any, mover: str | None) -> str | None:
    """The last transform that moves the image, given the one before these steps."""
    inner = getattr(steps, "transforms", None)
    if isinstance(steps, (list, tuple)):
        for step in steps:
            mover = _movers(step, mover)
        return mover
    if inner is not None and not hasattr(steps, "aug"):  # Albu's are those of albumentations
        if type(steps).__name__ == "RandomChoice":
            found = [_movers(branch, mover) for branch in inner]
            return next((each for each in found if each is not None), mover)
        return _movers(as_list(inner), mover)
    if mover is not None and _reads_image(steps):
        raise ValueError(
            f"{name_of(steps)} reads the image again behind {mover}, which moves it, and its "
            "labels would stay moved: read it once, at first"
        )
    return name_of(steps) if moves(steps) else mover


def _reads_image(step: Any) -> bool:
    if isinstance(step, Watched) and "img" in step.reads:
        return True
    kinds = type(getattr(step, "step", step)).__mro__
    return any(kind.__name__.startswith(_LOADERS) for kind in kinds)
