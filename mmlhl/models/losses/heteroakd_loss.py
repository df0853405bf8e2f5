"""HeteroAKD: distillation between a CNN and a Transformer (AAAI 2025, arXiv 2504.07691).

The maths works on *aligned logits*, one channel per class, to which :class:`HeteroAKDLoss` projects
the features of both networks. ``H`` is the element-wise binary cross-entropy of ``sigmoid(Z)``
with the one-hot label.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import FINITE_ABOVE_0, FINITE_FROM_0, check_option, one_of
from .alignment import resize_labels, resize_maps
from .masking import masked_mean

GRIDS = ("student", "teacher")
SOFTMAX_OVER = ("classes", "space")


def element_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """``H(Z)``: binary cross-entropy of each logit with its target, both ``(N, C, H, W)``."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


@torch.no_grad()
def mix_knowledge(z_student: Tensor, z_teacher: Tensor, target: Tensor) -> Tensor:
    """Knowledge mixing (KMM): the more reliable logit weighs more.

    ``Z_mix = S_T Z_T + (1 - S_T) Z_S`` with ``S_T = 1 - H(Z_T) / (H(Z_T) + H(Z_S))``. Where both
    are perfect, 0 / 0, it is their mean.

    Args:
        z_student: Aligned logits ``(N, C, H, W)``.
        z_teacher: Likewise.
        target: One-hot label, likewise.
    """
    h_student = element_entropy(z_student, target)
    total = element_entropy(z_teacher, target) + h_student
    # H(Z_S) / total is the same as 1 - H(Z_T) / total and loses no digits near zero.
    share = torch.where(total > 0, h_student / total, torch.full_like(total, 0.5))
    return share * z_teacher + (1 - share) * z_student


@torch.no_grad()
def evaluate_knowledge(
    z_student: Tensor,
    z_mix: Tensor,
    target: Tensor,
    valid: Tensor,
    softmax_over: str = "classes",
) -> Tensor:
    """Knowledge evaluation (KEM): where the student is wrong and the mix would help.

    ``W = softmax(H(Z_S) + max(0, H(Z_S) - H(Z_mix)))``.

    Args:
        z_student: Aligned logits ``(N, C, H, W)``.
        z_mix: Likewise, of :func:`mix_knowledge`.
        target: One-hot label, likewise.
        valid: ``(N, H, W)`` bool, pixels that count.
        softmax_over: ``'classes'``: the weights of each pixel sum to one; ``'space'``: those of
            each class over the valid pixels of each image do.

    Returns:
        ``(N, C, H, W)``, without gradient, zero where not valid.
    """
    h_student = element_entropy(z_student, target)
    evidence = h_student + (h_student - element_entropy(z_mix, target)).clamp(min=0)
    skip = ~valid[:, None]
    if softmax_over == "classes":
        weight = evidence.softmax(1)
    else:
        # The evidence is never negative, so -1e30 is as good as -inf and never gives NaN.
        weight = evidence.masked_fill(skip, -1e30).flatten(2).softmax(2).view_as(evidence)
    return weight.masked_fill(skip, 0)


def heteroakd(
    z_student: Tensor,
    z_teacher: Tensor,
    label: Tensor,
    tau: float = 4.0,
    softmax_over: str = "classes",
    ignore_index: int = 255,
) -> Tensor:
    """``L_hakd``: weighted cross-entropy of the student with the mixed logits.

    ``- tau^2 mean over pixels of sum_c W_c softmax(Z_mix / tau)_c log softmax(Z_S / tau)_c``.
    With the softmax of KEM over space the weights of a class already sum to one over the image,
    so there the mean is over classes and images, which keeps the scale of the loss.

    Args:
        z_student: Aligned logits ``(N, C, H, W)``, float32 or float64; the only one that gets a
            gradient, and only through the log-softmax.
        z_teacher: Likewise.
        label: ``(N, H, W)`` int64.
        tau: Temperature.
        softmax_over: See :func:`evaluate_knowledge`.
        ignore_index: Label of pixels that take part in nothing.

    Returns:
        Scalar, zero (with a gradient of zeros) where nothing is valid.
    """
    valid = label != ignore_index
    target = F.one_hot(label.masked_fill(~valid, 0), z_student.shape[1])
    target = target.movedim(-1, 1).to(z_student.dtype)
    z_mix = mix_knowledge(z_student, z_teacher, target)
    weight = evaluate_knowledge(z_student, z_mix, target, valid, softmax_over)
    loss = -weight * F.softmax(z_mix / tau, dim=1) * F.log_softmax(z_student / tau, dim=1)
    if softmax_over == "classes":
        return tau**2 * masked_mean(loss.sum(1), valid)
    images = valid.flatten(1).any(1).sum().clamp(min=1)
    return tau**2 * loss.sum((2, 3)).mean(1).sum() / images


@MODELS.register_module()
class HeteroAKDLoss(BaseModule):
    """Projectors into the aligned logits space, HeteroAKD there, and the projectors' supervision.

    The paper leaves open how the projectors are supervised. Our choice: cross-entropy of both
    projections with the label on the aligned grid. The student's also reaches the student's
    features, as an auxiliary head's would, unless ``supervise_features`` is False.

    Args:
        num_classes: Classes of the label.
        student_channels: Channels of the student's feature map. :class:`DistilledSegmentor` fills
            this and the next one in.
        teacher_channels: Channels of the teacher's feature map.
        tau: Temperature, > 0.
        loss_weight: Factor of ``loss_hakd`` (the paper's lambda_2).
        projector_weight: Factor of the projectors' supervision.
        supervise_features: Whether the supervision of the student's projector also trains the
            student.
        softmax_over: Softmax of KEM over ``'classes'`` or ``'space'``.
        relu: Whether projectors end with a ReLU.
        grid: Grid of the aligned space, the ``'student'``'s or the ``'teacher'``'s.
        ignore_index: Label of pixels that take part in nothing.
        norm_cfg: Normalisation in the projectors.
        init_cfg: Initialisation, see mmengine.

    Raises:
        ValueError: For an option that does not exist, a temperature that is not positive or a
            negative weight.
    """

    default_tap = -1

    def __init__(
        self,
        num_classes: int,
        student_channels: int,
        teacher_channels: int,
        tau: float = 4.0,
        loss_weight: float = 1.0,
        projector_weight: float = 1.0,
        supervise_features: bool = True,
        softmax_over: str = "classes",
        relu: bool = True,
        grid: str = "student",
        ignore_index: int = 255,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_option(grid, one_of(GRIDS), "HeteroAKDLoss: grid")
        check_option(softmax_over, one_of(SOFTMAX_OVER), "HeteroAKDLoss: softmax_over")
        check_option(tau, FINITE_ABOVE_0, "HeteroAKDLoss: tau")
        check_option(loss_weight, FINITE_FROM_0, "HeteroAKDLoss: loss_weight")
        check_option(projector_weight, FINITE_FROM_0, "HeteroAKDLoss: projector_weight")
        self.tau, self.loss_weight, self.projector_weight = tau, loss_weight, projector_weight
        self.supervise_features = supervise_features
        self.softmax_over = softmax_over
        self.grid = grid
        self.ignore_index = ignore_index
        options = dict(
            kernel_size=1,
            norm_cfg=norm_cfg or dict(type="BN"),
            act_cfg=dict(type="ReLU") if relu else None,
        )
        self.student_projector = ConvModule(student_channels, num_classes, **options)
        self.teacher_projector = ConvModule(teacher_channels, num_classes, **options)

    @staticmethod
    def _project(projector: ConvModule, features: Tensor, size: Sequence[int]) -> Tensor:
        """Aligned logits; outside autocast, as sums over channels soon overflow in float16."""
        with torch.autocast(features.device.type, enabled=False):
            logits = projector(features.to(projector.conv.weight.dtype))
        return resize_maps(logits, size)

    def _supervision(self, logits: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy with the label, zero where all is ignored."""
        loss = F.cross_entropy(logits, label, ignore_index=self.ignore_index, reduction="none")
        return self.projector_weight * masked_mean(loss, label != self.ignore_index)

    def forward(self, student: Tensor, teacher: Tensor, label: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            student: Features ``(N, C_s, h, w)``.
            teacher: Features ``(N, C_t, h', w')``; get no gradient.
            label: ``(N, H, W)`` integers.

        Returns:
            ``loss_hakd``, ``loss_projector_student`` and ``loss_projector_teacher``, scalars.
        """
        size = tuple((student if self.grid == "student" else teacher).shape[2:])
        label = resize_labels(label, size)
        z_student = self._project(self.student_projector, student, size)
        z_teacher = self._project(self.teacher_projector, teacher.detach(), size)
        supervised = z_student
        if not self.supervise_features:
            supervised = self._project(self.student_projector, student.detach(), size)
        loss = heteroakd(
            z_student, z_teacher, label, self.tau, self.softmax_over, self.ignore_index
        )
        return dict(
            loss_hakd=self.loss_weight * loss,
            loss_projector_student=self._supervision(supervised, label),
            loss_projector_teacher=self._supervision(z_teacher, label),
        )
