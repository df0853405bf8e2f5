"""Test-time augmentation for all tasks at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from ..views import refuse_final_steps


@MODELS.register_module()
class MultiTaskTTAModel(BaseTTAModel):
    """Merges the predictions of several views of an image, each task by its head's ``merge``.

    mmseg's ``SegTTAModel`` merges segmentation only. Set ``tta_model =
    dict(type='MultiTaskTTAModel')`` beside ``tta_pipeline`` and test with ``--tta``. Views may be
    flipped and resized; both are undone before merging.
    """

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[SegDataSample]]
    ) -> list[SegDataSample]:
        """Merge the predictions of each image's views.

        Returns:
            One data sample per image: the first view's, with the merged predictions.

        Raises:
            ValueError: If a view was cropped or rotated and does not match the others.
        """
        merged = []
        for views in data_samples_list:
            sample = views[0]
            if len(views) > 1:
                for view in views:
                    refuse_final_steps(view.metainfo)
            for head in self.module.heads.values():
                preds = torch.stack([head.from_sample(view) for view in views])
                head.to_sample(head.merge(preds), sample)
            merged.append(sample)
        return merged
