"""Losses of dense regression against ground truth, on measured pixels only.

Heads pick the measured pixels, so these (and mmseg's SiLogLoss, or any of torch's through its
full name) are called with plain ``(pixels, channels)`` tensors and never see a mask.
"""

from __future__ import annotations

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import ABOVE_0, check_option


class _DenseLoss(nn.Module):
    """Base of dense losses: the weight and the name in the log that mmseg expects.

    Args:
        loss_weight: Factor of the loss.
        loss_name: Key in the log; has to begin with ``loss_`` to be optimised.
    """

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name


@MODELS.register_module()
class DenseL1Loss(_DenseLoss):
    """Mean absolute error, over pixels and channels. Args as in the base class."""

    def __init__(self, loss_weight: float = 1.0, loss_name: str = "loss_l1") -> None:
        super().__init__(loss_weight, loss_name)

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of ``pred`` and ``target``, both ``(P, K)``."""
        return self.loss_weight * F.l1_loss(pred, target)


@MODELS.register_module()
class DenseCosineLoss(_DenseLoss):
    """One minus the mean cosine between vectors. Args as in the base class."""

    def __init__(self, loss_weight: float = 1.0, loss_name: str = "loss_cos") -> None:
        super().__init__(loss_weight, loss_name)

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of ``pred`` and ``target``, both ``(P, K)``."""
        return self.loss_weight * (1 - F.cosine_similarity(pred, target, dim=1)).mean()


@MODELS.register_module()
class DenseBCELoss(_DenseLoss):
    """Binary cross-entropy of a logit with a probability or a 0/1 label.

    Args:
        pos_weight: Weight of the positive pixels, for rare classes such as edges (PASCAL edge
            detection uses 0.95 / 0.05, that is 19).
        loss_weight: Factor of the loss.
        loss_name: Key in the log.

    Raises:
        ValueError: If ``pos_weight`` is not positive.
    """

    def __init__(
        self, pos_weight: float = 1.0, loss_weight: float = 1.0, loss_name: str = "loss_bce"
    ) -> None:
        super().__init__(loss_weight, loss_name)
        check_option(pos_weight, ABOVE_0, "DenseBCELoss: pos_weight")
        self.pos_weight = pos_weight

    def forward(self, logit: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of ``logit`` and ``target``, both ``(P, K)``."""
        loss = F.binary_cross_entropy_with_logits(
            logit, target, pos_weight=logit.new_tensor(self.pos_weight)
        )
        return self.loss_weight * loss
