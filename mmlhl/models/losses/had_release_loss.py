"""The loss that the authors of HAD released, which differs from the equations of their paper.

For users who want the released behaviour; :class:`HADLoss` follows the equations. Peculiarities of
the release that are kept on purpose:

- the whole batch is treated as one image, except that salience is scaled image by image;
- scalars and normals are grouped by the *student's* value against an absolute 0.5, with arithmetic
  means, and the two group means are added;
- classes take the geometric mean over a class's non-zero pixels, the class terms are weighted by
  ``softmax(-term)`` and averaged over all classes, absent ones counted as 0;
- the salient term divides by all pixels (classes), applies every image's mask to every image of the
  batch (scalars), or is one minus the sum over *all* pixels divided by the number of salient ones,
  which may be negative (normals);
- the normals' distance is one minus the *mean* over the three channels of the product, taken group
  by group, so that an empty group still adds one to the value, and nothing to the gradient;
- without a salient pixel, as on a constant map, the salient term is zero.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .had_loss import salient_pixels
from .masking import full_precision, masked_mean, zero_outside

KINDS = ("classes", "scalar", "normal")


def _prepare(
    student: Tensor, teacher: Tensor, valid: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Cast half precision up, zero what is not valid (it may be NaN), detach the teacher."""
    if valid is None:
        valid = torch.ones_like(student[:, 0], dtype=torch.bool)
    valid = valid.bool()
    student = full_precision(student)
    teacher = teacher.detach()
    if teacher.is_floating_point():
        teacher = teacher.to(student.dtype).masked_fill(~valid[:, None], 0)
    return student.masked_fill(~valid[:, None], 0), teacher, valid


def release_by_class(
    distance: Tensor, label: Tensor, valid: Tensor, num_classes: int, k: float = 0.9
) -> Tensor:
    """Released loss of any task of classes, from its pixel distillation map.

    Args:
        distance: ``(N, H, W)``, >= 0.
        label: The teacher's classes ``(N, H, W)`` int64. A pixel with a negative label is left
            out; labels outside ``valid`` may be anything.
        valid: ``(N, H, W)`` bool, pixels that count.
        num_classes: Number of all classes, absent ones included.
        k: Threshold of salience.

    Returns:
        Scalar, half the sum of the balanced and the salient term.
    """
    valid = valid & (label >= 0)
    distance = zero_outside(distance, valid)
    label = label.masked_fill(~valid, 0)
    counted = valid & (distance > 0)
    log = torch.where(counted, distance, torch.ones_like(distance)).log()
    zeros = log.new_zeros(num_classes)
    log_sum = zeros.index_add(0, label.flatten(), log.flatten())
    count = zeros.index_add(0, label.flatten(), counted.flatten().to(log.dtype))
    term = torch.where(count > 0, (log_sum / count.clamp(min=1)).exp(), zeros)
    balanced = (term * (-term.detach()).softmax(0)).mean()

    salient = (distance * salient_pixels(distance, valid, k)).sum() / valid.sum().clamp(min=1)
    return (balanced + salient) / 2


def release_by_foreground(
    distance: Tensor, foreground: Tensor, valid: Tensor, k: float = 0.9
) -> Tensor:
    """Released loss of any task without classes, from its pixel distillation map.

    Args:
        distance: ``(N, H, W)``.
        foreground: ``(N, H, W)`` bool, by the student.
        valid: ``(N, H, W)`` bool, pixels that count.
        k: Threshold of salience.

    Returns:
        Scalar, half the sum of the balanced and the salient term.
    """
    distance = zero_outside(distance, valid)
    balanced = masked_mean(distance, valid & foreground)
    balanced = balanced + masked_mean(distance, valid & ~foreground)
    # The release broadcasts (N, 1, H, W) against (N, H, W): each mask applies to every image.
    times = salient_pixels(distance, valid, k).sum(0) * valid
    salient = (distance * times).sum() / times.sum().clamp(min=1)
    return (balanced + salient) / 2


def release_classes_loss(
    student: Tensor, teacher: Tensor, valid: Tensor | None = None, k: float = 0.9
) -> Tensor:
    """Released loss of a class task.

    Args:
        student: Logits or log-probabilities ``(N, C, H, W)``.
        teacher: Likewise, or its classes ``(N, H, W)``, integers.
        valid: ``(N, H, W)`` bool, pixels that count; None for all.
        k: Threshold of salience.
    """
    student, teacher, valid = _prepare(student, teacher, valid)
    label = teacher.max(1).indices if teacher.is_floating_point() else teacher.long()
    # A label outside the mask may be anything, such as 255.
    label = label.masked_fill(~valid, 0)
    distance = F.cross_entropy(student, label, reduction="none")
    return release_by_class(distance, label, valid, student.shape[1], k)


def release_scalar_loss(
    student: Tensor,
    teacher: Tensor,
    valid: Tensor | None = None,
    k: float = 0.9,
    delta: float = 0.5,
) -> Tensor:
    """Released loss of a depth task; with several channels, their mean is taken.

    Args:
        student: ``(N, K, H, W)``, in the task's unit.
        teacher: Likewise.
        valid: ``(N, H, W)`` bool, pixels that count; None for all.
        k: Threshold of salience.
        delta: Absolute value of the student that divides background from foreground.
    """
    student, teacher, valid = _prepare(student, teacher, valid)
    foreground = student.detach().mean(1) > delta
    return release_by_foreground((student - teacher).abs().mean(1), foreground, valid, k)


def release_normal_loss(
    student: Tensor,
    teacher: Tensor,
    valid: Tensor | None = None,
    k: float = 0.9,
    delta: float = 0.5,
) -> Tensor:
    """Released loss of a surface normal task.

    Args:
        student: Unit vectors ``(N, 3, H, W)``.
        teacher: Likewise.
        valid: ``(N, H, W)`` bool, pixels that count; None for all.
        k: Threshold of salience.
        delta: Absolute value of the student's channel mean that divides back- from foreground.

    Returns:
        Scalar, half the sum of the balanced and the salient term. May be negative.
    """
    student, teacher, valid = _prepare(student, teacher, valid)
    likeness = (student * teacher).mean(1)
    foreground = student.detach().mean(1) > delta
    groups = (valid & foreground, valid & ~foreground)
    balanced = sum(1 - masked_mean(likeness, group) for group in groups) * valid.any()
    count = salient_pixels((1 - likeness) * valid, valid, k).sum()
    salient = torch.where(count > 0, 1 - likeness.sum() / count.clamp(min=1), 0 * likeness.sum())
    return (balanced + salient) / 2


@MODELS.register_module()
class HADReleaseLoss(nn.Module):
    """HAD as released: for one old task, the mean of its balanced and its salient term.

    The release adds these over the old tasks, without the paper's ``1 / (t - 1)``, and multiplies
    the sum by 3. Computed in float32 (float64 stays float64).

    Args:
        kind: Output space: ``'classes'``, ``'scalar'`` or ``'normal'``.
        k: Threshold of salience, in [0, 1).
        delta: Student's value between background and foreground (scalar and normal).

    Raises:
        ValueError: For another ``kind`` or a ``k`` outside [0, 1).
    """

    def __init__(self, kind: str, k: float = 0.9, delta: float = 0.5) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"HADReleaseLoss: kind={kind!r}, must be one of {KINDS}")
        if not 0 <= k < 1:
            raise ValueError(
                f"HADReleaseLoss: k={k!r}, must lie in [0, 1); no pixel's scaled magnitude is "
                "greater than 1"
            )
        self.kind = kind
        self.k = k
        self.delta = delta

    def forward(self, student: Tensor, teacher: Tensor, valid: Tensor | None = None) -> Tensor:
        """Loss of one old task.

        Args:
            student: Prediction ``(N, C, H, W)``: logits, the scalar, or unit vectors.
            teacher: Likewise; for classes also their integer map ``(N, H, W)``.
            valid: ``(N, H, W)`` bool, pixels that take part; None for all.

        Returns:
            Scalar; zero, with a gradient of zeros, if no pixel is valid.
        """
        if self.kind == "classes":
            return release_classes_loss(student, teacher, valid, self.k)
        function = release_scalar_loss if self.kind == "scalar" else release_normal_loss
        return function(student, teacher, valid, self.k, self.delta)
