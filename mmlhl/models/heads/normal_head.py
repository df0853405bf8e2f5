"""Surface normals: unit vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import SHARE, check_option
from ..views import FLIP_SIGNS
from .base_head import BaseDenseHead
from .squares import mean_square

#: square of the length below which a vector counts as zero
SMALLEST = 1e-24
#: slope at a zero vector: the inverse of that of torch's cosine there
SLOPE = 1e-8


def unit_vectors(vectors: Tensor, dim: int) -> Tensor:
    """``vectors`` scaled to length 1 along ``dim``; zero vectors stay zero.

    A decoder of few channels gives zero vectors before its first step, where all channels are off.
    With the slope of ``F.normalize``, 1e12 there, these alone would decide that step; its norm over
    channels is also about fifty times slower on a CPU.
    """
    squares = vectors.square().sum(dim, keepdim=True)
    scale = squares.clamp(min=SMALLEST).rsqrt()
    return vectors * torch.where(squares > SMALLEST, scale, torch.full_like(scale, SLOPE))


@MODELS.register_module()
class NormalHead(BaseDenseHead):
    """Surface normals: one unit vector per pixel.

    The pseudo label is the teacher's unit vector, the distance one minus the cosine; groups
    come from the mean of the teacher's three channels, min-max scaled in the image and cut at
    ``delta`` (HAD, section 2).

    Args:
        decoder: Config of any mmseg decode head; ``num_classes`` may be left out.
        delta: Threshold between background and foreground.
        field: Name of the maps in a data sample.
        loss: ``DenseCosineLoss`` or any loss of ``(P, 3)`` tensors whose minimum is at
            ground truth.
        init_cfg: As in mmengine.
    """

    num_groups = 2
    kind = "normal"
    has_directions = True

    def __init__(
        self,
        decoder: dict,
        delta: float = 0.5,
        field: str = "normal_map",
        loss: dict | Sequence[dict] = dict(type="DenseCosineLoss"),  # noqa: B006
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(decoder, 3, field, loss, init_cfg)
        check_option(delta, SHARE, "NormalHead: delta")
        self.delta = delta
        some = torch.tensor([[0.6, 0.0, -0.8], [0.0, -0.6, -0.8], [-0.64, 0.48, -0.6]])
        self._check_pulls(some, any_length=True)

    def activation(self, resized: Tensor) -> Tensor:
        """Unit vectors ``(N, 3, H, W)``; a zero vector stays zero."""
        return unit_vectors(resized, dim=1)

    def flip(self, raw: Tensor, direction: str) -> Tensor:
        """Undo a flip: the component along the flipped axis changes its sign."""
        flipped = super().flip(raw, direction)
        return flipped * raw.new_tensor(FLIP_SIGNS[direction]).view(1, 3, 1, 1)

    def merge(self, preds: Tensor) -> Tensor:
        """The mean direction, scaled to a unit vector."""
        return unit_vectors(super().merge(preds), dim=0)

    def measured(self, gt: Tensor) -> Tensor:
        """Finite pixels of non-zero length: a zero vector means that no normal is known."""
        return super().measured(gt) & (gt != 0).any(1)

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One minus the cosine ``(N, H, W)`` of unit vectors.

        Computed as half the squared distance of the unit vectors, which equals ``1 - cos`` but
        avoids its cancellation in float32. Nearly correct pixels keep their precision under the
        logarithm of the geometric mean.
        """
        return (student - teacher).square().sum(1) / 2

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Squared difference, mean over channels, as DER takes it."""
        return mean_square(now, then)

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """The unscaled channel mean, which the HAD release compares with an absolute threshold."""
        return pred.detach().mean(1)
