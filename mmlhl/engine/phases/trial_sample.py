"""A dataset's first sample, and which transform it failed in."""

from __future__ import annotations

import traceback
from typing import Any

from mmengine.dataset import Compose

from ...datasets.transforms.watched import Watched, transform_name
from ...explaining import explained_error


def first_sample(dataset: Any) -> Any:
    """The first sample of a dataset, as its pipeline gives it.

    Args:
        dataset: A dataset, whose pipeline may be inside of another.

    Raises:
        ValueError: Naming the transform that failed, or gave nothing.
        OSError: If a file cannot be read.
    """
    try:
        return dataset[0]
    except OSError:
        raise
    except Exception as error:
        step = _failed_in(error)
        if step is None and "Cannot find valid image" in str(error):
            step = _gave_nothing(dataset)
            if step is not None:
                raise ValueError(f"{step} returns None for one image after another") from error
            raise ValueError(
                f"no image is left of those that were tried, max_refetch={dataset.max_refetch}"
            ) from error
        text = explained_error(error)
        # errors of ours name the file, or what is wrong
        raise ValueError(text if step is None or step in text else f"{step}: {text}") from error


def _failed_in(error: Exception) -> str | None:
    """Name of the innermost transform of a pipeline that was at work."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(frame.f_locals.get("self"), Compose) and "t" in frame.f_locals:
            found = _name(frame.f_locals["t"])
    return found


def _gave_nothing(dataset: Any) -> str | None:
    try:
        results = dataset.get_data_info(0)
        for step in dataset.pipeline.transforms:
            results = step(results)
            if results is None:
                return _name(step)
    except Exception:  # it does so at random, or is not a dataset of ours
        pass
    return None


def _name(step: Any) -> str:
    return step.name if isinstance(step, Watched) else transform_name(step)
