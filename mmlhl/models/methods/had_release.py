"""HAD as its authors released it."""

from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor

from ..losses import HADReleaseLoss, release_by_class, release_by_foreground
from .distillation import DistillationMethod
from .pixel_maps import per_pixel, pixel_groups
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
        loss_weight: Weight of the sum.
        average_tasks: True brings the paper's 1/(t-1) back.
        k: Threshold of salience.
        delta: Threshold of the head's ``bounded`` response, for depth the student's value itself,
            between background and foreground.
        train_old_heads: See :class:`DistillationMethod`.
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
            return {"loss_had_release": self.loss(student, teacher, valid)}
        distance = per_pixel(head, "distance", head.distance(student, teacher), valid.shape)
        if head.num_classes is not None or teacher.dim() == 3:
            groups, count = pixel_groups(head, teacher, valid)
            count = count or head.num_classes or max(student.shape[1], int(groups.max()) + 1)
            loss = release_by_class(distance, groups, valid, count, k)
        else:
            response = per_pixel(head, "bounded", head.bounded(student, valid), valid.shape)
            loss = release_by_foreground(distance, response > delta, valid, k)
        return {"loss_had_release": loss}
