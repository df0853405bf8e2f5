"""Probabilities: one per pixel."""

from __future__ import annotations

from collections.abc import Sequence

from mmseg.models.losses import FocalLoss
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import SHARE, check_option
from ..losses.masking import full_precision
from ..losses.saturation import bernoulli_divergence, sloped_sigmoid
from .base_head import UNKNOWN, BaseDenseHead
from .class_losses import focal_loss
from .loss_pulls import check_logit_losses
from .squares import mean_square


@MODELS.register_module()
class BinaryHead(BaseDenseHead):
    """One probability per pixel: saliency, binary edges.

    Gradients do not saturate: a confidently wrong pixel keeps its gradient both under the default
    loss, which takes logits, and under the distance to a teacher.

    The prediction is the probability. The pseudo label is the teacher's probability or, with
    ``hard_pseudo_label``, its 0/1 decision. The distance is the binary cross-entropy minus its
    minimum, so that it is zero for a student equal to its teacher. The paper does not treat this
    output space; groups are taken from the probability itself, which already lies in [0, 1]:
    background up to ``delta``, foreground above.

    Args:
        decoder: Config of any mmseg decode head; ``num_classes`` may be left out.
        field: Name of the maps in a data sample, such as ``saliency_map``.
        delta: Probability above which a pixel is foreground.
        loss: ``DenseBCELoss`` or any loss of ``(P, 1)`` logits and targets, such as mmseg's
            ``FocalLoss``; a loss that gives wrong pixels no gradient is refused. A loss of
            probabilities is flat where they saturate, so on its own it cannot correct a
            confidently wrong pixel.
        ignore_index: Label that is not learned, beside 255.
        hard_pseudo_label: Distil the teacher's decision instead of its probability.
        init_cfg: As in mmengine.
    """

    num_groups = 2
    kind = "binary"

    def __init__(
        self,
        decoder: dict,
        field: str,
        delta: float = 0.5,
        loss: dict | Sequence[dict] = dict(type="DenseBCELoss"),  # noqa: B006
        ignore_index: int = 255,
        hard_pseudo_label: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(decoder, 1, field, loss, init_cfg)
        if type(self).compare is BinaryHead.compare and type(self).loss is BaseDenseHead.loss:
            check_logit_losses(self.losses, type(self).__name__)
        check_option(delta, SHARE, "BinaryHead: delta")
        self.delta = delta
        self.ignore_index = ignore_index
        self.hard_pseudo_label = hard_pseudo_label

    def activation(self, resized: Tensor) -> Tensor:
        """Probability ``(N, 1, H, W)``."""
        return sloped_sigmoid(resized)

    def trained_map(self, resized: Tensor) -> Tensor:
        """The losses see logits."""
        return resized

    def compare(self, loss: nn.Module, pred: Tensor, gt: Tensor, measured: Tensor) -> Tensor:
        """As in the base class; mmseg's ``FocalLoss`` is computed alike on all devices."""
        if not isinstance(loss, FocalLoss):
            return super().compare(loss, pred, gt, measured)
        chosen = pred.movedim(1, -1)[measured]
        return focal_loss(loss, chosen, gt.movedim(1, -1)[measured].to(chosen))

    def measured(self, gt: Tensor) -> Tensor:
        """Labelled pixels, ``(N, H, W)`` bool."""
        known = (gt[:, 0] != self.ignore_index) & (gt[:, 0] != UNKNOWN)
        return super().measured(gt) & known

    def pseudo_label(self, pred: Tensor) -> Tensor:
        """The teacher's probability, or its decision."""
        pred = pred.detach()
        return (pred > self.delta).to(pred) if self.hard_pseudo_label else pred

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Kullback-Leibler divergence of two Bernoulli distributions ``(N, H, W)``.

        A wrong pixel keeps its gradient however large its logit.
        """
        return bernoulli_divergence(student, teacher)[:, 0]

    def replay_output(self, raw: Tensor) -> Tensor:
        """The logit, as for classes."""
        return full_precision(raw)

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Squared difference of the logits."""
        return mean_square(now, then)

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """The probability itself."""
        return pred.detach()[:, 0]

    def groups(
        self, teacher: Tensor, valid: Tensor | None = None, bins: int | None = None
    ) -> Tensor:
        """Background and foreground by probability, or ``bins`` of equal width."""
        if bins is not None:
            return super().groups(teacher, valid, bins)
        return (teacher[:, 0] > self.delta).long()
