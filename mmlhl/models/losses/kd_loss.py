"""Pixel-wise distillation of class scores (Hinton et al., 2015, at each pixel)."""

from __future__ import annotations

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import FINITE_ABOVE_0, FINITE_FROM_0, check_option
from .alignment import resize_labels, resize_maps
from .masking import masked_mean


def pixel_kl(student: Tensor, teacher: Tensor, valid: Tensor, tau: float = 1.0) -> Tensor:
    """``tau^2 KL(softmax(teacher / tau) || softmax(student / tau))``, mean over pixels.

    Args:
        student: Logits ``(N, C, H, W)``, float32 or float64.
        teacher: Likewise; gets no gradient.
        valid: ``(N, H, W)`` bool, pixels that count.
        tau: Temperature.
    """
    log_student = F.log_softmax(student / tau, dim=1)
    log_teacher = F.log_softmax(teacher.detach() / tau, dim=1)
    divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(1)
    return tau**2 * masked_mean(divergence, valid)


@MODELS.register_module()
class KDLoss(nn.Module):
    """Pixel-wise knowledge distillation between the final logits of two segmentors.

    The teacher's logits are resized to the student's grid.

    Args:
        tau: Temperature, > 0.
        loss_weight: Factor of the loss.
        ignore_index: Label of pixels that take part in nothing.

    Raises:
        ValueError: If ``tau`` is not positive or ``loss_weight`` is negative.
    """

    default_tap = "logits"

    def __init__(self, tau: float = 4.0, loss_weight: float = 1.0, ignore_index: int = 255) -> None:
        super().__init__()
        check_option(tau, FINITE_ABOVE_0, "KDLoss: tau")
        check_option(loss_weight, FINITE_FROM_0, "KDLoss: loss_weight")
        self.tau, self.loss_weight = tau, loss_weight
        self.ignore_index = ignore_index

    def forward(self, student: Tensor, teacher: Tensor, label: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            student: Logits ``(N, C, h, w)``.
            teacher: Logits ``(N, C, h', w')``.
            label: ``(N, H, W)`` integers; only ``ignore_index`` is read from it.
        """
        size = student.shape[2:]
        valid = resize_labels(label, size) != self.ignore_index
        loss = pixel_kl(resize_maps(student, size), resize_maps(teacher, size), valid, self.tau)
        return dict(loss_kd=self.loss_weight * loss)
