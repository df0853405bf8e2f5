"""HAD as its authors released it."""

from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor

from ..losses import HADReleaseLoss, release_by_class, release_by_foreground
from .distillation import DistillationMethod
from .pixel_maps import per_pixel, pixel_groups, try_groups
from .protocols import DenseHead, Learner, PhaseRunner


@MODELS.register_module()
class HADRelease(DistillationMethod):
    """HAD with the loss that its authors released, which differs from the paper's equations.

    The released losses of the old tasks are added up, without the paper's 1/(t-1), and weighted
    by 3; see :class:`~mmlhl.models.losses.HADReleaseLoss` for the other differences. The release
    runs the teacher once per old task; here it runs once, with the same result.

    The release has one loss for classes, one for depth and one for normals. Here the head decides
    which of them applies (``num_classes``, ``has_directions``, otherwise depth's) and provides
    distance, groups and response. The release's separate branch for saliency maps is not
    implemented: probabilities are treated like depth.

    Args:
        loss_weight: Weight of the sum.
        average_tasks: True restores the paper's 1/(t-1).
        k: Threshold of salience.
        delta: Threshold between background and foreground on the head's ``bounded`` response,
            which for depth is the student's value itself.
        train_old_heads: See :class:`DistillationMethod`.
        teachers: Likewise.
    """

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = False,
        k: float = 0.9,
        delta: float = 0.5,
        train_old_heads: bool = True,
        teachers: str = "last",
    ) -> None:
        super().__init__(loss_weight, average_tasks, train_old_heads, teachers)
        if not -1 < delta < 1:
            raise ValueError(f"HADRelease: delta divides responses of [-1, 1], got {delta}")
        self.loss = HADReleaseLoss("normal", k=k, delta=delta)

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check the phase as the base does, and the group ids of old tasks of classes."""
        super().check_phase(model, runner, previous)
        for task in model.old_tasks:
            if model.heads[task].num_classes is not None:
                try_groups(model.heads[task])

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """The released loss of one old task: half the sum of its two terms."""
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
