"""Channel-wise knowledge distillation for dense prediction (Shu et al., ICCV 2021)."""

from __future__ import annotations

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import FINITE_ABOVE_0, FINITE_FROM_0, check_option
from .alignment import resize_labels, resize_maps


def channel_kl(student: Tensor, teacher: Tensor, valid: Tensor, tau: float = 4.0) -> Tensor:
    """KL divergence between each channel's distributions over space.

    ``tau^2 / C sum_c sum_i phi(y_T) log(phi(y_T) / phi(y_S))``, where ``phi`` is the softmax of
    a channel over its image's pixels; mean over the images that have a valid pixel.

    Args:
        student: ``(N, C, H, W)``, float32 or float64.
        teacher: Likewise; gets no gradient.
        valid: ``(N, H, W)`` bool, pixels that count.
        tau: Temperature.

    Returns:
        Scalar, zero (with a gradient of zeros) where nothing is valid.
    """
    skip = ~valid.flatten(1)[:, None]
    # -1e30 and not -inf: an image without a valid pixel must not become NaN.
    log_student, log_teacher = (
        F.log_softmax((maps.flatten(2) / tau).masked_fill(skip, -1e30), dim=2)
        for maps in (student, teacher.detach())
    )
    divergence = log_teacher.exp() * (log_teacher - log_student)
    per_image = divergence.masked_fill(skip, 0).sum(2).mean(1)
    return tau**2 * per_image.sum() / valid.flatten(1).any(1).sum().clamp(min=1)


@MODELS.register_module()
class CWDLoss(BaseModule):
    """Channel-wise distillation, between logits (default) or any two feature maps.

    The teacher's maps are resized to the student's grid. If the numbers of channels differ, a 1x1
    convolution, for training only, brings the student's to the teacher's.

    Args:
        tau: Temperature, > 0.
        loss_weight: Factor of the loss; the authors take 3 for logits and 50 for features.
        student_channels: Channels of the student's map; None if both maps have as many.
        teacher_channels: Channels of the teacher's map.
        ignore_index: Label of pixels that take part in nothing.
        init_cfg: Initialisation, see mmengine.

    Raises:
        ValueError: If ``tau`` is not positive or ``loss_weight`` is negative, or the student's
            channels are given alone.
    """

    default_tap = "logits"

    def __init__(
        self,
        tau: float = 4.0,
        loss_weight: float = 3.0,
        student_channels: int | None = None,
        teacher_channels: int | None = None,
        ignore_index: int = 255,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_option(tau, FINITE_ABOVE_0, "CWDLoss: tau")
        check_option(loss_weight, FINITE_FROM_0, "CWDLoss: loss_weight")
        self.tau, self.loss_weight = tau, loss_weight
        self.ignore_index = ignore_index
        self.adapter: nn.Module = nn.Identity()
        if student_channels is not None and student_channels != teacher_channels:
            if teacher_channels is None:
                raise ValueError("CWDLoss: student_channels is given without teacher_channels")
            self.adapter = nn.Conv2d(student_channels, teacher_channels, kernel_size=1)

    def forward(self, student: Tensor, teacher: Tensor, label: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            student: ``(N, C, h, w)``.
            teacher: ``(N, C', h', w')``.
            label: ``(N, H, W)`` integers; only ``ignore_index`` is read from it.
        """
        size = student.shape[2:]
        valid = resize_labels(label, size) != self.ignore_index
        student = resize_maps(self.adapter(student), size)
        return dict(
            loss_cwd=self.loss_weight
            * channel_kl(student, resize_maps(teacher, size), valid, self.tau)
        )
