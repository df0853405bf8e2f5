"""Random transforms that stand before the reading of labels in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..config_values import as_list
from .transforms import LoadMultiTaskAnnotations
from .transforms.catalogue import ACTS, STOCK
from .transforms.watched import Watched, transform_name

_OURS = "MultiTask"
_RANDOM = ("Random", "Albu")
_NOT_UNDONE = ("Rotate", "RotFlip", "Crop")


def random_movers(dataset: Any, test: bool = False) -> list[str]:
    """Transforms that may move the image before its labels are read, in some samples only.

    A trial of one sample may miss them. Those that move every image, such as ``Resize``, are seen.

    Args:
        dataset: A dataset with a pipeline; any other one has none.
        test: Whether the pipeline is one for testing, where flips, padding and resizing are undone.

    Returns:
        Their names, in order.
    """
    steps = list(_flat(getattr(dataset, "pipeline", None)))
    last = max((place for place, step in enumerate(steps) if _reads_labels(step)), default=0)
    movers = [step for step in steps[:last] if moves(step, seldom=True)]
    return list(dict.fromkeys(name_of(step) for step in movers if not test or _is_final(step)))


def _is_final(step: Any) -> bool:
    """Whether a test cannot undo what a transform does."""
    if isinstance(step, Watched):
        return step.final
    return any(part in name_of(step) for part in _NOT_UNDONE)


def name_of(step: Any) -> str:
    """Name of a transform of a pipeline, as a config names it.

    Args:
        step: The transform.
    """
    return transform_name(getattr(step, "step", step))


def _reads_labels(step: Any) -> bool:
    if isinstance(step, Watched):
        return any(key != "img" for key in step.reads)
    return isinstance(step, LoadMultiTaskAnnotations)


def _flat(steps: Any) -> Iterator[Any]:
    """The single transforms of a pipeline, those of wrappers in their place."""
    if hasattr(steps, "aug"):  # Albu, whose transforms are those of albumentations
        yield steps
        return
    inner = steps if isinstance(steps, (list, tuple)) else getattr(steps, "transforms", None)
    if inner is None:
        yield steps
    else:
        for each in as_list(inner):
            yield from _flat(each)


def moves(step: Any, seldom: bool = False) -> bool:
    """Whether a transform moves the image.

    Args:
        step: A transform of a pipeline, which holds no others.
        seldom: Whether only those count that move it in some samples.
    """
    if isinstance(step, Watched):
        return step.moves_at_random if seldom else step.moves
    if getattr(step, "prob", None) == 0:
        return False
    names = [kind.__name__ for kind in type(step).__mro__]
    ours = any(name.startswith(_OURS) for name in names)
    if not ours and all(STOCK.get(name, ("",))[0] != ACTS for name in names):
        return False
    return not seldom or any(part in name for name in names for part in _RANDOM)
