"""HAD by the equations of its paper."""

from __future__ import annotations

import copy
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ...draws import undisturbed
from ...explaining import explained_error
from ...option_rules import check_option, or_none, whole
from ..losses import HADLoss
from .distillation import DistillationMethod
from .pixel_maps import per_pixel, pixel_groups, try_groups
from .protocols import DenseHead, Learner, PhaseRunner


@MODELS.register_module()
class HAD(DistillationMethod):
    r"""Heterogeneity-aware distillation (CVPR 2026, arXiv 2603.26192).

    .. math:: L = L_{new} + \frac{\lambda}{2 (t-1)} \sum_{j<t} (L_{db,j} + L_{sg,j})

    where t-1 is the number of old tasks. Each head defines its distance and its groups.

    Args:
        loss_weight: lambda.
        average_tasks: The 1/(t-1); see :class:`DistillationMethod`.
        bins: Cut regression outputs into this many bins of equal width instead of foreground
            and background (ablation).
        loss: Options of :class:`~mmlhl.models.losses.HADLoss`, with all its ablations.
        train_old_heads: See :class:`DistillationMethod`.
        teachers: Likewise.

    Raises:
        ValueError: On fewer than two ``bins``, ``bins`` with a loss that reads no groups, or an
            option that :class:`HADLoss` refuses.
    """

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = True,
        bins: int | None = None,
        loss: dict = dict(type="HADLoss"),  # noqa: B006
        train_old_heads: bool = True,
        teachers: str = "last",
    ) -> None:
        super().__init__(loss_weight, average_tasks, train_old_heads, teachers)
        check_option(bins, or_none(whole(2)), "HAD: bins")
        self.bins = bins
        self.loss = MODELS.build({"type": "HADLoss", **loss})
        if bins is not None and type(self.loss) is HADLoss:  # a class of its own may read groups
            ungrouped = None if self.loss.with_db else "with_db=False"
            ungrouped = "mean='pixel'" if self.loss.mean == "pixel" else ungrouped
            if ungrouped:
                raise ValueError(
                    f"HAD: bins={bins} has no effect with loss.{ungrouped}, which reads no groups: "
                    "leave one of them out"
                )
        _check_loss(self.loss)

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check the phase as the base does, and the group ids of old tasks."""
        super().check_phase(model, runner, previous)
        for task in model.old_tasks:
            try_groups(model.heads[task], self.bins)

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Half of each HAD term, so that lambda is the weight of their mean."""
        groups, num_groups = pixel_groups(head, teacher, valid, self.bins)
        distance = per_pixel(head, "distance", head.distance(student, teacher), valid.shape)
        losses = self.loss(distance, groups, valid, num_groups)
        return {name: loss / 2 for name, loss in losses.items()}


def _check_loss(loss: Any) -> None:
    """Refuse a loss that cannot take the place of :class:`HADLoss`."""
    distance = torch.linspace(0, 1, 16).view(1, 4, 4)  # no draw: random states stay
    groups, valid = distance.gt(0.5).long(), torch.ones_like(distance, dtype=torch.bool)
    try:
        with torch.no_grad(), undisturbed():
            given = copy.deepcopy(loss)(distance, groups, valid, 2)
        fits = isinstance(given, dict) and all(isinstance(each, Tensor) for each in given.values())
        reason = "" if fits else f"it gives a {type(given).__name__}, not losses by name"
    except Exception as error:  # any class may be given, so any error may come
        reason = explained_error(error)
    if reason:
        raise ValueError(
            f"HAD: loss {type(loss).__name__} cannot be called like HADLoss, with a map of "
            f"distances, groups, valid pixels and the number of groups: {reason}"
        )
