from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor

from ..losses import pixel_mean
from .distillation import DistillationMethod
from .protocols import DenseHead


@MODELS.register_module()
class LwF(DistillationMethod):
    """Learning without forgetting (Li & Hoiem, 2016), carried over to dense prediction.

    Pixel-wise distillation on the same pseudo labels and distances as HAD, each pixel alike:
    no balancing, no salience. Args as in :class:`DistillationMethod`.
    """

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Mean distance over an image's pixels, mean over the batch."""
        return {"loss_lwf": pixel_mean(head.distance(student, teacher), valid).mean()}
