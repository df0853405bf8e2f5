"""What a pipeline reads behind a transform that moves the image, which would not move with it."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import LoadAnnotations

from ..config_values import as_list
from .pipelines import single_steps
from .transforms import LoadMultiTaskAnnotations
from .transforms.catalogue import ACTS, STOCK
from .transforms.watched import Watched, transform_name

_OURS = "MultiTask"
_RANDOM = ("Random", "Albu")
_NOT_UNDONE = ("Rotate", "RotFlip", "Crop")
_LOADERS = ("LoadImage", "LoadSingleRSImageFromFile", "InferencerLoader")


def random_movers(dataset: Any, test: bool = False) -> list[str]:
    """Transforms that may move the image before its labels are read, in some samples only.

    A trial of one sample may miss them. Those that move every image, such as ``Resize``, are seen.

    Args:
        dataset: A dataset with a pipeline; any other one has none.
        test: Whether the pipeline is one for testing, where flips, padding and resizing are undone.
    """
    steps = list(single_steps(getattr(dataset, "pipeline", None)))
    last = max((place for place, step in enumerate(steps) if _reads_labels(step)), default=0)
    movers = [step for step in steps[:last] if _moves(step, seldom=True)]
    return list(dict.fromkeys(_name_of(step) for step in movers if not test or _is_final(step)))


def refuse_late_loaders(steps: Any) -> None:
    """Refuse a pipeline that reads the image again when it may have been moved.

    Its labels would stay moved. While running, that shows in the samples that are moved only.

    Raises:
        ValueError: Naming both transforms.
    """
    _mover(steps, None)


def _mover(steps: Any, mover: str | None) -> str | None:
    """The last transform that moves the image, given the one before these steps."""
    inner = steps if isinstance(steps, (list, tuple)) else getattr(steps, "transforms", None)
    if inner is not None and not hasattr(steps, "aug"):  # Albu's are those of albumentations
        if type(steps).__name__ == "RandomChoice":
            found = [_mover(branch, mover) for branch in inner]
            return next((each for each in found if each is not None), mover)
        for step in as_list(inner):
            mover = _mover(step, mover)
        return mover
    if mover is not None and _reads_image(steps):
        raise ValueError(
            f"{_name_of(steps)} reads the image again behind {mover}, which moves it, and its "
            "labels would stay moved: read it once, at first"
        )
    return _name_of(steps) if _moves(steps) else mover


def _name_of(step: Any) -> str:
    return transform_name(getattr(step, "step", step))


def _is_final(step: Any) -> bool:
    """Whether a test cannot undo what a transform does."""
    if isinstance(step, Watched):
        return step.final
    turns = set(as_list(getattr(step, "degree", 1)))
    if len(turns) == 1 and max(turns) % 180 == 0 and getattr(step, "center", None) is None:
        return "RotFlip" in _name_of(step)  # which turns by 90 degrees as well
    return any(part in _name_of(step) for part in _NOT_UNDONE)


def _reads_labels(step: Any) -> bool:
    if isinstance(step, Watched):
        return any(key != "img" for key in step.reads)
    return isinstance(step, (LoadAnnotations, LoadMultiTaskAnnotations))


def _reads_image(step: Any) -> bool:
    if isinstance(step, Watched) and "img" in step.reads:
        return True
    kinds = type(getattr(step, "step", step)).__mro__
    return any(kind.__name__.startswith(_LOADERS) for kind in kinds)


def _moves(step: Any, seldom: bool = False) -> bool:
    """Whether a single transform moves the image; with ``seldom`` only if in some samples."""
    if isinstance(step, Watched):
        return step.moves_at_random if seldom else step.moves
    if getattr(step, "prob", None) == 0:
        return False
    names = [kind.__name__ for kind in type(step).__mro__]
    ours = any(name.startswith(_OURS) for name in names)
    if not ours and all(STOCK.get(name, ("",))[0] != ACTS for name in names):
        return False
    return not seldom or any(part in name for name in names for part in _RANDOM)
