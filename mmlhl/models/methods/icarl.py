"""iCaRL: exemplars chosen by herding, and distillation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import all_gather_object
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import FROM_0, check_option, or_none, whole
from ..padding import valid_pixels
from .exemplars import Exemplar, make_exemplar
from .lwf import LwF
from .measured_images import measured_images
from .measuring import evaluating, own_share, phase_batches
from .protocols import Learner, PhaseRunner
from .replay import ReplayMethod, labelled_losses
from .step import Step


def herding(features: Tensor, count: int) -> list[int]:
    """Choose examples whose running mean stays closest to the mean of all (Rebuffi et al., 2017).

    The k-th choice is ``argmin_x || mu - (phi(x) + sum of those chosen) / k ||`` over the examples
    not chosen yet, so the choice of a smaller count is a prefix of that of a greater one.

    Args:
        features: ``(N, D)``.
        count: Number of examples to choose.

    Returns:
        Indices in the order of choice, ``min(count, N)`` of them.

    Raises:
        ValueError: If features are not finite.
    """
    features = features.double()
    if not features.isfinite().all():
        raise ValueError("iCaRL chooses images by their features, of which some are not finite")
    mean = features.mean(0)
    total = torch.zeros_like(mean)
    taken = torch.zeros(len(features), dtype=torch.bool)
    order: list[int] = []
    for k in range(1, min(count, len(features)) + 1):
        distance = (mean - (features + total) / k).norm(dim=1)
        best = int(distance.masked_fill(taken, torch.inf).argmin())
        order.append(best)
        taken[best] = True
        total += features[best]
    return order


def shares(size: int, phases: int) -> list[int]:
    """``size`` images divided evenly among phases; earlier phases get the remainder."""
    return [size // phases + (index < size % phases) for index in range(phases)]


@MODELS.register_module()
class ICaRL(LwF, ReplayMethod):
    """iCaRL (Rebuffi et al., 2017), adapted to dense heterogeneous prediction.

    Kept from the paper: exemplars chosen by herding in feature space, an equal share of the
    buffer for each phase with the first of the herding order surviving a cut, training on new
    images and exemplars together, distillation of the old tasks on both.

    What heterogeneity changes:

    - The paper divides the buffer by classes and herds towards each class's mean. Regression has no
      classes and an image has many, so here each *phase* has one share and one mean.
    - The feature of an image is the encoder's last map, averaged over its valid pixels and scaled
      to unit length as in the paper; choosing costs one pass over the phase's images.
    - Distillation is that of :class:`LwF`, by each head's distance: the mean over new images and
      exemplars, all images with equal weight.
    - Labels of the exemplars enter the loss of their task's head.
    - The paper classifies by the nearest mean of exemplars, which has no counterpart in dense
      regression; here the heads predict.

    The images are stored as the network sees them, so their augmentation is drawn once.

    Args:
        loss_weight: Weight of distillation, lambda of :class:`LwF`.
        average_tasks: Divide it by the number of old tasks.
        replay_weight: Weight of the exemplars' losses against labels; that of new tasks is 1.
        buffer_size: Number of exemplars of all phases together; at least one per earlier phase.
        replay_batch: Exemplars per step; as many as new images if None.
        candidates: Number of the phase's images, chosen at random, that herding chooses from; None
            for all.
        seed: Seed of the draws.
    """

    takes_stored_labels = False  # the teacher is run on the exemplars, too

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = True,
        replay_weight: float = 1.0,
        buffer_size: int = 50,
        replay_batch: int | None = None,
        candidates: int | None = None,
        seed: int = 0,
    ) -> None:
        LwF.__init__(self, loss_weight, average_tasks)
        ReplayMethod.__init__(self, buffer_size, replay_batch, seed)
        check_option(replay_weight, FROM_0, "ICaRL: replay_weight")
        check_option(candidates, or_none(whole(1)), "ICaRL: candidates")
        self.replay_weight = replay_weight
        self.candidates = candidates
        self._planned = 0

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check as the bases do, and that each earlier phase has a share of the buffer.

        Raises:
            ValueError: If there are more earlier phases than exemplars.
        """
        super().check_phase(model, runner, previous)
        method: Any = getattr(previous, "method", None)
        parts = (method, *getattr(method, "methods", ()))
        # no more than are checked now: when resumed, begin_phase counts those before
        self._planned = max(
            (each._planned + 1 for each in parts if isinstance(each, ICaRL)), default=0
        )
        self._check_shares(self._planned)

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Begin as the bases do, unless there are more earlier phases than exemplars."""
        self._check_shares(self.phases)
        super().begin_phase(model, runner)

    def _check_shares(self, phases: int) -> None:
        if self.buffer.size < phases:
            raise ValueError(
                f"model.method (ICaRL): buffer_size={self.buffer.size} is divided among the "
                f"{phases} phases before this one, and the newest of them would keep no image: "
                f"set it to {phases} or more"
            )

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Distillation on new images and exemplars, and the exemplars' own losses."""
        losses = super().losses(model, step)
        items = self.draw(step) if model.old_tasks else []
        if not items:
            return losses
        replay = self.replay(model, items, step)
        share = len(items) / (len(items) + len(step.inputs))
        for name, value in super().losses(model, replay).items():
            losses[name] = (1 - share) * losses[name] + share * value
        for name, value in labelled_losses(model, items, replay, model.old_tasks).items():
            losses[name] = self.replay_weight * value
        return losses

    def reduced_buffer(self) -> list[Exemplar]:
        """An equal share for each phase, the first of its herding order."""
        return self._first_of_each(shares(self.buffer.size, max(self.phases, 1)))

    def _first_of_each(self, quotas: Sequence[int]) -> list[Exemplar]:
        kept: list[Exemplar] = []
        for phase, quota in enumerate(quotas):
            kept += [item for item in self.buffer.items if item["phase"] == phase][:quota]
        return kept

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Reduce the exemplars of earlier phases, and choose those of this one by herding."""
        quotas = shares(self.buffer.size, self.phases + 1)
        kept = self._first_of_each(quotas[:-1])
        indices = measured_images(model, runner, self.candidates, self.buffer.seed)
        with evaluating(model), torch.no_grad():
            features = image_features(model, runner, indices)
            chosen = [indices[i] for i in herding(features, quotas[-1])]
            for inputs, samples in phase_batches(model, runner, chosen):
                for image, sample, valid in zip(
                    inputs, samples, valid_pixels(inputs, samples), strict=True
                ):
                    kept.append(make_exemplar(model, image, sample, valid, self.phases))
        self.buffer.items = kept
        self.phases += 1


def image_features(model: Learner, runner: PhaseRunner, indices: list[int]) -> Tensor:
    """Pooled, unit-length features ``(N, D)`` of training images, on the CPU of every rank.

    Each rank computes its share.
    """
    own = own_share(indices)
    rows: list[Tensor] = []
    for inputs, samples in phase_batches(model, runner, own):
        feats = model.extract_feat(inputs)[-1].float()
        valid = valid_pixels(inputs, samples)[:, None].to(feats)
        height, width = feats.shape[2:]
        weight = nn.functional.adaptive_avg_pool2d(valid, (height, width))
        pooled = (feats * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1e-6)
        rows += nn.functional.normalize(pooled, dim=1).cpu()
    found = {}
    for part in all_gather_object(dict(zip(own, rows, strict=True))):
        found.update(part)
    return torch.stack([found[index] for index in indices])
