"""Depth, in metres or inverse."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.models.losses import SiLogLoss
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import ABOVE_0, SHARE, check_option, one_of, or_none
from .base_head import BaseDenseHead
from .squares import mean_square

ACTIVATIONS = ("relu", "softplus", "exp", "sigmoid")


@MODELS.register_module()
class DepthHead(BaseDenseHead):
    """Depth: one scalar per pixel, in metres or as inverse depth, like the data.

    The pseudo label is the teacher's value, the distance the absolute difference; groups are
    far and near: the teacher's value, min-max scaled in the image, cut at ``delta``.

    Args:
        decoder: Config of any mmseg decode head; ``num_classes`` may be left out.
        delta: Threshold between background and foreground on the scaled value.
        activation: None leaves the value as it is (the paper); ``'relu'``, ``'softplus'``,
            ``'exp'`` or ``'sigmoid'`` (times ``max_depth``) make it positive.
        max_depth: Scale of the sigmoid, in the data's unit.
        field: Name of the maps in a data sample.
        loss: ``DenseL1Loss``, mmseg's ``SiLogLoss`` (scale-invariant within each image; on its
            own it needs an activation above 0), or any loss of ``(P, 1)`` tensors whose minimum is
            at ground truth.
        init_cfg: As in mmengine.

    Raises:
        ValueError: On another ``activation``, a ``max_depth`` without its sigmoid or not above 0,
            or a loss that would not bring predictions to ground truth.
    """

    num_groups = 2
    kind = "depth"

    def __init__(
        self,
        decoder: dict,
        delta: float = 0.5,
        activation: str | None = None,
        max_depth: float | None = None,
        field: str = "depth_map",
        loss: dict | Sequence[dict] = dict(type="DenseL1Loss"),  # noqa: B006
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(decoder, 1, field, loss, init_cfg)
        check_option(activation, one_of((None, *ACTIVATIONS)), "DepthHead: activation")
        if (activation == "sigmoid") != (max_depth is not None):
            raise ValueError("DepthHead: max_depth goes with activation='sigmoid', and only there")
        check_option(max_depth, or_none(ABOVE_0), "DepthHead: max_depth")
        check_option(delta, SHARE, "DepthHead: delta")
        self.delta = delta
        self.activation_name, self.max_depth = activation, max_depth
        self._check_pulls(torch.tensor([[0.2], [0.4], [0.5], [0.7]]))
        if activation in (None, "relu") and all(
            isinstance(each, SiLogLoss) for each in self.losses
        ):
            raise ValueError(
                "DepthHead: loss SiLogLoss compares logarithms, so a prediction at or below 0 gets "
                f"no gradient: with activation={activation!r} some would stay there; set "
                "activation='softplus', 'exp' or 'sigmoid', or add DenseL1Loss"
            )

    def activation(self, resized: Tensor) -> Tensor:
        """Depth ``(N, 1, H, W)``."""
        if self.activation_name == "relu":
            return F.relu(resized)
        if self.activation_name == "softplus":
            return F.softplus(resized)
        if self.activation_name == "exp":
            return resized.exp()
        if self.activation_name == "sigmoid":
            return resized.sigmoid() * self.max_depth
        return resized

    def measured(self, gt: Tensor) -> Tensor:
        """Finite and positive pixels: zero means unmeasured in every published dataset."""
        return super().measured(gt) & (gt > 0).all(1)

    def compare(self, loss: nn.Module, pred: Tensor, gt: Tensor, measured: Tensor) -> Tensor:
        """As in the base class; ``SiLogLoss`` gets the maps of whole images."""
        if not isinstance(loss, SiLogLoss):
            return super().compare(loss, pred, gt, measured)
        # SiLogLoss takes the variance within an image and skips zeros, but not empty images.
        some = measured.flatten(1).any(1)
        target = torch.where(measured[:, None], gt, torch.zeros_like(gt))
        return loss(pred[some], target[some].to(pred))

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Absolute difference ``(N, H, W)``."""
        return (student - teacher).abs().mean(1)

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Squared difference, mean over channels, as DER takes it."""
        return mean_square(now, then)

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """The unscaled channel mean, which the HAD release compares with an absolute threshold."""
        return pred.detach().mean(1)
