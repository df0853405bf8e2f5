"""Tether: distillation of the old decoders' raw maps, in a measure without units."""

from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor

from .distillation import DistillationMethod
from .matching import share_lost
from .protocols import DenseHead
from .step import Step, TeacherOutputs


@MODELS.register_module()
class Tether(DistillationMethod):
    r"""Distillation of the decoders' raw maps; the loss is the share of the teacher's map lost.

    .. math:: L = L_{new} + \frac{\lambda}{t-1} \sum_{j<t}
        \frac{\sum_p d_j(s_p, \tau_p)}{\sum_p d_j(\bar\tau, \tau_p)}

    where s and tau are the student's and the teacher's maps of old task j at the resolution of the
    decoder, the bar is the mean over the batch, and d is how DER compares outputs: logits of
    classes and probabilities, depth, unit normals and channels by squared differences, any other
    head by its own distance. With squares the fraction is 1 - R^2.

    How it differs from the other distillation methods:

    - lambda means the same in every output space and unit: a student that predicts the teacher's
      mean has the loss lambda.
    - Classes are compared by their logits, so the less likely classes of a pixel are preserved as
      well, and the student is not pushed to be more confident than its teacher.
    - The gradient vanishes as the student approaches the teacher, like the force of a spring. That
      of a mean absolute difference is as large a millimetre off as a metre off, and cross-entropy
      with a decision is never zero; Adam turns the noise in either into full steps.
    - Maps are compared before they are resized, which saves HAD's work at the input's size.

    With a new encoder the maps may have another size; the teacher's raw map is then resized to the
    student's.

    Args:
        loss_weight: lambda.
        average_tasks: The 1/(t-1); see :class:`DistillationMethod`.
        train_old_heads: See :class:`DistillationMethod`.
        teachers: Only ``last``, since maps inside the network are compared.
    """

    needs_teacher_labels = False
    needs_teacher_maps = True
    needs_one_teacher = True
    takes_stored_labels = False  # it needs the teacher's raw maps

    def targets(self, teacher: TeacherOutputs) -> dict[str, Tensor]:
        """The teacher's raw maps."""
        return teacher.maps

    def compared(self, head: DenseHead, step: Step, target: Tensor) -> tuple[Tensor, Tensor]:
        """Both raw maps, at the student's size."""
        student = head(step.feats)
        return student, head.resize(target, student.shape[2:])

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """The share of the teacher's raw map that the student's misses.

        Args:
            head: The task's head.
            student: Its raw map ``(N, K, h, w)``.
            teacher: The teacher's, likewise.
            valid: ``(N, h, w)`` bool, pixels that count.
        """
        return {"loss_tether": share_lost(head, student, teacher, valid)}
