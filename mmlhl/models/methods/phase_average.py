"""Averaging of a phase's initial and final weights, by the factor with the best trade-off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from mmengine.dist import all_reduce
from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import ABOVE_0_TO_1, FROM_0, check_option, each, or_none, whole
from ..padding import valid_pixels
from .base_method import BaseMethod
from .matching import at_size, share_lost
from .measured_images import measured_images
from .measuring import evaluating, is_old, own_share, phase_batches, task_losses
from .protocols import Learner, PhaseRunner
from .stored_state import check_started, tensors

_FACTORS = (
    lambda value: isinstance(value, (list, tuple)) and bool(value) and each(ABOVE_0_TO_1)[0](value),
    "a list of numbers within (0, 1]",
)


@torch.no_grad()
def interpolate(
    target: Mapping[str, Tensor],
    start: Mapping[str, Tensor],
    end: Mapping[str, Tensor],
    factor: float,
) -> None:
    """Set tensors in place to ``start + factor * (end - start)``; 1 gives exactly ``end``."""
    for name, tensor in target.items():
        tensor.copy_(end[name] if factor == 1 else start[name].lerp(end[name], factor))


def best_factor(
    learned: Mapping[float, float], lost: Mapping[float, float], weight: float
) -> float:
    """The factor with the least weighted sum of the new tasks' loss and the share lost.

    Returns:
        The best factor; the greatest of equally good ones. Those whose sum is not finite are left
        out; 1 if no sum is.
    """
    unit = max(learned[1.0], 1e-12)
    scores = {factor: learned[factor] / unit + weight * lost[factor] for factor in learned}
    scores = {factor: score for factor, score in scores.items() if math.isfinite(score)}
    return max(scores, key=lambda factor: (-scores[factor], factor), default=1.0)


@MODELS.register_module()
class PhaseAverage(BaseMethod):
    r"""Averages the weights of the last phase and of this one when the phase ends.

    .. math:: \theta \leftarrow \theta_{t-1} + a\, (\theta - \theta_{t-1})

    for encoder and old decoders, running BN statistics included; new decoders stay. WiSE-FT
    (Wortsman et al., 2022) does the same between a pretrained and a fine-tuned network. The factor
    a is the one of ``factors`` with the least

    .. math:: \frac{L_{new}(a)}{L_{new}(1)} + \frac{w}{t-1} \sum_{j<t} u_j(a)

    on training images of this phase; no earlier image is needed. u is the share of the last phase's
    maps of these images that is lost, see :class:`Tether`. The new tasks were trained on these
    images, so their loss is optimistic.

    It costs nothing per step, and a few passes over ``images`` images per phase. With factor 1
    alone it has no effect. New decoders were trained on the features of factor 1, so averaging
    suits phases that change the encoder little: pretrained weights, small steps, or a method that
    holds the encoder. It is meant for :class:`Composite`.

    Args:
        factors: Values of a to try, in (0, 1]; 1 is always tried.
        weight: w, the weight of the share lost.
        images: Number of the phase's images that the factor is chosen on; None for all.
        seed: Seed of the choice of images.

    Raises:
        ValueError: On a factor outside (0, 1], a negative weight or no image.
    """

    needs_same_encoder = True
    settles_weights = True

    def __init__(
        self,
        factors: Sequence[float] = (0.25, 0.5, 0.75, 1.0),
        weight: float = 1.0,
        images: int | None = 50,
        seed: int = 0,
    ) -> None:
        check_option(factors, _FACTORS, "PhaseAverage: factors")
        check_option(weight, FROM_0, "PhaseAverage: weight")
        check_option(images, or_none(whole(1)), "PhaseAverage: images")
        self.factors = sorted({1.0, *map(float, factors)})
        self.weight, self.images, self.seed = weight, images, seed
        self.start: dict[str, Tensor] = {}

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Store the phase's initial weights, unless a checkpoint has restored them.

        Raises:
            ValueError: If the restored weights belong to another model.
        """
        if not model.old_tasks:
            return
        own = old_tensors(model)
        if not self.start:
            self.start = {name: tensor.detach().clone() for name, tensor in own.items()}
        check_started("PhaseAverage", self.start, own)
        self.start = {name: self.start[name].to(tensor.device) for name, tensor in own.items()}

    @torch.no_grad()
    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Find the best factor, average the weights and drop the initial ones."""
        if not self.start:
            return
        own = old_tensors(model)
        end = {name: tensor.detach().clone() for name, tensor in own.items()}
        indices = own_share(measured_images(model, runner, self.images, self.seed))
        with evaluating(model):
            batches = list(phase_batches(model, runner, indices))
            interpolate(own, self.start, end, 0.0)
            before = [self._maps(model, inputs) for inputs, _ in batches]
            learned: dict[float, float] = {}
            lost: dict[float, float] = {}
            for factor in self.factors:
                interpolate(own, self.start, end, factor)
                learned[factor], lost[factor] = self._score(model, batches, before)
        factor = best_factor(learned, lost, self.weight)
        interpolate(own, self.start, end, factor)
        scores = ", ".join(f"{f:g}: {learned[f]:.4f} and {lost[f]:.4f}" for f in self.factors)
        print_log(
            f"PhaseAverage: factor {factor:g}; learned and lost by factor: {scores}", "current"
        )
        self.forget_phase()

    def forget_phase(self) -> None:
        """Drop the initial weights."""
        self.start = {}

    @staticmethod
    def _maps(model: Learner, inputs: Tensor) -> dict[str, Tensor]:
        feats = model.extract_feat(inputs)
        return {task: model.heads[task](feats) for task in model.old_tasks}

    @staticmethod
    def _score(
        model: Learner, batches: Sequence, before: Sequence[Mapping[str, Tensor]]
    ) -> tuple[float, float]:
        """Loss of the new tasks and share lost of the old ones, averaged over all ranks."""
        total = torch.zeros(3, dtype=torch.float64)
        for (inputs, samples), maps in zip(batches, before, strict=True):
            feats = model.extract_feat(inputs)
            learned = sum(float(loss) for loss in task_losses(model, feats, samples).values())
            lost = 0.0
            for task, raw in maps.items():
                head, valid = model.heads[task], valid_pixels(inputs, samples)
                valid = at_size(valid, raw.shape[2:])
                lost += float(share_lost(head, head(feats), raw, valid))
            total += len(inputs) * torch.tensor([learned, lost / len(maps), 1.0]).double()
        device = next(model.parameters()).device
        summed = total.to(device, torch.float32)
        all_reduce(summed, op="sum")
        learned_sum, lost_sum, count = summed.tolist()
        return learned_sum / max(count, 1), lost_sum / max(count, 1)

    def state_dict(self) -> dict:
        """The phase's initial weights, while the phase lasts."""
        return dict(start=self.start) if self.start else {}

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.start = tensors(state, "start") if state else {}


def old_tensors(model: Learner) -> dict[str, Tensor]:
    """Weights and floating-point buffers that existed before this phase, by name."""
    found = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        name: tensor
        for name, tensor in found.items()
        if tensor.is_floating_point() and is_old(model, name)
    }
