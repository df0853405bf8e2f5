"""HAD as its authors released it."""

from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor

from ..losses import HADReleaseLoss, release_by_class, release_by_foreground
from .distillation import DistillationMethod
from .protocols import DenseHead


@MODELS.register_module()
class HADRelease(DistillationMethod):
    """HAD with the loss that its authors released, which differs from the paper's equations.

    The released losses of the old tasks are added up, without the paper's 1/(t-1), and weighted
    by 3; see :class:`~mmlhl.models.losses.HADReleaseLoss` for all that is different inside. The
    release runs the teacher once per old task, with the same result; here it runs once.

    The release has a loss for classes, one for depth, and one for normals; here the head says which
    of them its output space takes (``num_classes``, ``has_directions``, depth's otherwise), and has
    its own distance, groups and response. What the release does for saliency maps, a branch of
    its own, is not carried over: probabilities are treated as it treats depth.

    Args:
        loss_weight: weight of the sum.
        average_tasks: True brings the paper's 1/(t-1) back.
        k: threshold of salience.
        delta: threshold of the head's ``bounded`` response, for depth the student's value itself,
            between background and foreground.
        train_old_heads: see :class:`DistillationMethod`.
    """

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = False,
        k: float = 0.9,
        delta: float = 0.5,
        train_old_heads: bool = True,
    ) -> None:
        super().__init__(loss_weight, average_tasks, train_old_heads)
        self.loss = HADReleaseLoss("normal", k=k, delta=delta)

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """The released loss of one old task, which is half the sum of its two terms."""
        k, delta = self.loss.k, self.loss.delta
        if head.has_directions:
            loss = self.loss(student, teacher, valid)
        elif head.num_classes is not None or not teacher.is_floating_point():
            count = head.num_groups or head.num_classes or student.shape[1]
            groups = head.groups(teacher, valid)
            loss = release_by_class(head.distance(student, teacher), groups, valid, count, k)
        else:
            foreground = head.bounded(student, valid) > delta
            loss = release_by_foreground(head.distance(student, teacher), foreground, valid, k)
        return {"loss_had_release": loss}
