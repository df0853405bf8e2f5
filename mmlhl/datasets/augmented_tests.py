"""Whether a test with augmentation sees the images at the size of the plain test."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence

from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

from ..config_values import as_list


def check_view_sizes(
    dataset: Mapping, tta_pipeline: Sequence[Mapping], scope: str = "mmseg"
) -> None:
    """Warn if no view of the first image has the size at which the plain test reads it.

    A test pipeline that resizes needs the same step in ``tta_pipeline``: a network that was
    trained at 96x128 is of little use at 144x192, and its depth is wrong there.

    Args:
        dataset: Config of the test's dataset, with the pipeline of the plain test; a dataset
            without one is left alone.
        tta_pipeline: The pipeline that gives several views.
        scope: ``default_scope`` of the config, which its runner sets only when the test begins;
            without it ``LoadAnnotations`` would be mmcv's.
    """
    if "pipeline" not in dataset:
        return
    with DefaultScope.overwrite_default_scope(scope):
        plain, augmented = (
            _sizes({**copy.deepcopy(dict(dataset)), "pipeline": copy.deepcopy(list(pipeline))})
            for pipeline in (dataset["pipeline"], tta_pipeline)
        )
    if not plain & augmented:
        print_log(
            f"tta_pipeline: its views of the first image are {_named(augmented)}, the image of "
            f"test_dataloader.dataset.pipeline is {_named(plain)}: give tta_pipeline the same "
            "steps of resizing, or one view of that size",
            "current",
            logging.WARNING,
        )


def _sizes(dataset: Mapping) -> set[tuple[int, int]]:
    """Sizes ``(height, width)`` of the first sample's images."""
    inputs = DATASETS.build(dataset)[0]["inputs"]
    views = as_list(inputs)
    return {(int(view.shape[-2]), int(view.shape[-1])) for view in views}


def _named(sizes: set[tuple[int, int]]) -> str:
    return ", ".join(f"{height}x{width}" for height, width in sorted(sizes))
