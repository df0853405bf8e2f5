"""mmseg's ``MultiImageMixDataset`` with checked transforms if it wraps a multi-task dataset.

Around mmseg's own datasets it is unchanged. Given as mmseg's class it is found by
:mod:`~mmlhl.datasets.stand_ins`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmseg.datasets import MultiImageMixDataset as StockMixDataset
from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset
from .pipelines import build_step, refuse_bending, try_labels
from .wrappers import innermost


@DATASETS.register_module(name="MultiImageMixDataset", force=True)
class MultiImageMixDataset(StockMixDataset):
    """mmseg's class; its transforms move every label of a multi-task dataset or are refused.

    Args:
        dataset: Config of the dataset, or the dataset.
        pipeline: Configs of transforms.
        **kwargs: As in mmseg.

    Raises:
        ValueError: If a transform cannot be used, or mixes several images by itself.
    """

    def __init__(self, dataset: Any, pipeline: Any, **kwargs: Any) -> None:
        super().__init__(dataset, pipeline, **kwargs)
        inner = [each for each in innermost(self.dataset) if isinstance(each, MultiTaskDataset)]
        if inner:
            self.pipeline = [_build_checked(step) for step in pipeline]
        for each in inner:
            kinds = {ann.key: ann.kind for ann in each.ann_specs.values()}
            refuse_bending(self.pipeline, kinds.values())
            try_labels(self.pipeline, kinds)


def _build_checked(step: Any) -> Callable:
    built = build_step(step)
    watched = getattr(built, "step", built)
    if watched is not built and hasattr(watched, "get_indices"):
        raise ValueError(
            f"{built.name} mixes several images, and maps of depth, normals and channels cannot "  # type: ignore[attr-defined]
            "follow that; leave it out, or say moves_pixels = False in its class if it treats all "
            "of dense_fields itself"
        )
    return built
