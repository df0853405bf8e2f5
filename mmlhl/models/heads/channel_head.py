"""Real-valued maps of any number of channels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import SHARE, check_option
from .base_head import BaseDenseHead
from .squares import mean_square


@MODELS.register_module()
class ChannelHead(BaseDenseHead):
    """K real channels per pixel: edges, keypoints, reshading, principal curvature.

    Args:
        decoder: Config of any mmseg decode head; ``num_classes`` may be left out.
        channels: K.
        field: Name of the maps in a data sample, such as ``edge_map``.
        delta: Threshold between background and foreground on the scaled channel mean.
        loss: ``DenseL1Loss`` or any loss of ``(P, K)`` tensors whose minimum is at ground
            truth.
        init_cfg: As in mmengine.
    """

    kind = "channels"
    num_groups = 2

    def __init__(
        self,
        decoder: dict,
        channels: int,
        field: str,
        delta: float = 0.5,
        loss: dict | Sequence[dict] = dict(type="DenseL1Loss"),  # noqa: B006
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(decoder, channels, field, loss, init_cfg)
        check_option(delta, SHARE, "ChannelHead: delta")
        self.delta = delta
        some = torch.tensor([0.9, -1.1, 0.4, 1.6, -0.7])
        rows = [some.roll(shift).repeat(channels)[:channels] for shift in range(5)]
        self._check_pulls(torch.stack([*rows, -rows[0].abs()]))

    def activation(self, resized: Tensor) -> Tensor:
        """The channels as they are."""
        return resized

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Absolute difference, mean over channels, ``(N, H, W)``."""
        return (student - teacher).abs().mean(1)

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Squared difference, mean over channels, as DER takes it."""
        return mean_square(now, then)

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """The unscaled channel mean, which the HAD release compares with an absolute threshold."""
        return pred.detach().mean(1)
