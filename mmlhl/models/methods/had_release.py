from __future__ import annotations

from mmseg.registry import MODELS
from torch import Tensor, nn

from ..heads import NormalHead, SegmentationHead
from ..losses import HADReleaseLoss
from .distillation import DistillationMethod


@MODELS.register_module()
class HADRelease(DistillationMethod):
    """HAD with the loss that its authors released, which differs from the paper's equations.

    The released losses of the old tasks are added up, without the paper's 1/(t-1), and weighted
    by 3; see :class:`~mmlhl.models.losses.HADReleaseLoss` for all that is different inside. The
    release runs the teacher once per old task, with the same result; here it runs once.

    The release knows classes, depth and normals. Other output spaces (channels, probabilities)
    are treated as it treats depth.

    Args:
        loss_weight: weight of the sum.
        average_tasks: True brings the paper's 1/(t-1) back.
        k: threshold of salience.
        delta: absolute value of the student between background and foreground.
    """

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = False,
        k: float = 0.9,
        delta: float = 0.5,
    ) -> None:
        super().__init__(loss_weight, average_tasks)
        self.by_kind = {
            kind: HADReleaseLoss(kind, k=k, delta=delta) for kind in ("classes", "scalar", "normal")
        }

    @staticmethod
    def kind(head: nn.Module) -> str:
        """Which of the released losses a head's output space takes."""
        if isinstance(head, SegmentationHead):
            return "classes"
        return "normal" if isinstance(head, NormalHead) else "scalar"

    def distill(
        self, head: nn.Module, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """The released loss of one old task, which is half the sum of its two terms."""
        return {"loss_had_release": self.by_kind[self.kind(head)](student, teacher, valid)}
