"""Reading a dataset's first sample, and naming a transform that fails or draws at random."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from mmcv.transforms import RandomApply, RandomChoice
from mmengine.dataset import Compose

from ....datasets.transforms.watched import Watched, transform_name
from ....datasets.wrappers import innermost, wrapped
from ....draws import draw_by, undisturbed
from ....explaining import explained_error

#: greatest number of images that a pipeline may reject before the first sample
TRIES = 200
#: number of random draws of a transform that are compared
DRAWS = 3
#: what mmengine says if a pipeline gives None, in training and in tests
_NOTHING = ("Cannot find valid image", "should not get `None`")


def first_sample(dataset: Any) -> Any:
    """The first sample of a dataset, after its pipeline.

    Transforms that ``RandomApply`` and ``RandomChoice`` did not draw are tried, too.

    Raises:
        ValueError: Naming the transform that failed, or returned None.
        OSError: If a file cannot be read.
    """
    try:
        with _few_tries(dataset):
            sample = dataset[0]
        with undisturbed():
            _try_undrawn(dataset)
        return sample
    except OSError:
        raise
    except Exception as error:
        step = _failed_in(error)
        if step is None and any(text in str(error) for text in _NOTHING):
            sets = list(innermost(dataset))
            step = next(filter(None, map(_gave_nothing, sets)), None)
            if step is not None:
                raise ValueError(
                    f"{step} returns None for one image after another; does it end in "
                    "'return results'?"
                ) from error
            if _NOTHING[0] in str(error):
                tries = min(min(each.max_refetch for each in sets), TRIES)
                raise ValueError(
                    f"no image is left of those that were tried, max_refetch={tries}"
                ) from error
        text = explained_error(error)
        # our own transforms' errors may already name the transform
        raise ValueError(text if step is None or step in text else f"{step}: {text}") from error


@contextmanager
def _few_tries(dataset: Any) -> Iterator[None]:
    """Let a pipeline reject at most ``TRIES`` images; mmengine's 1000 may take minutes."""
    with ExitStack() as stack:
        for each in wrapped(dataset):
            stack.enter_context(_few_tries(each))
        # of the object itself, since wrappers may hand on attributes
        tries = getattr(dataset, "__dict__", {}).get("max_refetch")
        if isinstance(tries, int) and tries > TRIES:
            dataset.max_refetch = TRIES
            stack.callback(setattr, dataset, "max_refetch", tries)
        yield


def _try_undrawn(dataset: Any) -> None:
    """Run a dataset's pipeline once with each branch of its random choices."""
    for each in wrapped(dataset):
        _try_undrawn(each)
    if not hasattr(dataset, "get_data_info"):
        return
    for steps in _ways(getattr(getattr(dataset, "pipeline", None), "transforms", ())):
        try:
            steps = copy.deepcopy(steps)  # they may count, or draw from generators of their own
        except Exception:  # something in them cannot be copied
            return
        Compose(steps)(dataset.get_data_info(0))


def _ways(steps: Sequence) -> Iterator[list]:
    """The transforms with each branch of a random choice in place of the choice."""
    for place, step in enumerate(steps):
        step = getattr(step, "step", step)  # unwrap a watched transform
        choices = step.transforms if isinstance(step, RandomChoice) else []
        if isinstance(step, RandomApply):
            choices = [step.transforms]
        for choice in choices:
            branch = list(choice.transforms)
            for inside in (branch, *_ways(branch)):
                yield [*steps[:place], *inside, *steps[place + 1 :]]


def random_step(dataset: Any) -> str | None:
    """Name of the first transform of a pipeline that gives other images at other random numbers.

    Returns:
        The name; None if there is none, or the pipeline cannot be tried step by step.
    """
    for each in wrapped(dataset):
        if (found := random_step(each)) is not None:
            return found
    if not hasattr(dataset, "get_data_info"):
        return None
    with undisturbed():
        try:
            results = dataset.get_data_info(0)
            for step in copy.deepcopy(
                getattr(getattr(dataset, "pipeline", None), "transforms", ())
            ):
                if not isinstance(results.get("img"), np.ndarray):  # not read yet
                    results = step(results)
                    continue
                drawn = []
                for seed in range(DRAWS):
                    draw_by(seed)
                    drawn.append(step(copy.deepcopy(results)))
                results = drawn[0]
                images = [each.get("img") for each in drawn]
                if any(not np.array_equal(images[0], each) for each in images[1:]):
                    return _name(step)
        except Exception:  # reading the first sample says it, or the dataset is not ours
            pass
    return None


def _failed_in(error: Exception) -> str | None:
    """Name of the innermost transform in which an error was raised."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(frame.f_locals.get("self"), Compose) and "t" in frame.f_locals:
            found = _name(frame.f_locals["t"])
    return found


def _gave_nothing(dataset: Any) -> str | None:
    """Name of the transform that returns None for the first sample."""
    try:
        results = dataset.get_data_info(0)
        for step in dataset.pipeline.transforms:
            results = step(results)
            if results is None:
                return _name(step)
    except Exception:  # it fails at random, or the dataset is not ours
        pass
    return None


def _name(step: Any) -> str:
    return step.name if isinstance(step, Watched) else transform_name(step)
