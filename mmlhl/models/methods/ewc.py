"""EWC: a quadratic penalty on changes of the encoder, weighted by Fisher information."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import torch
from mmengine.dist import all_reduce
from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import FROM_0, SHARE, check_option, or_none, whole
from .base_method import BaseMethod
from .measured_images import measured_images
from .measuring import (
    encoder_parameters,
    gradients,
    measured_encoder,
    own_share,
    phase_batches,
    task_losses,
)
from .protocols import Learner, PhaseRunner
from .step import Step
from .stored_state import finite_number, tensors

#: default gamma of the online variant
DECAY = 0.95


def quadratic(values: Tensor, weight: Tensor, centre: Tensor) -> Tensor:
    """``sum_i weight_i (values_i - centre_i)^2``, a scalar in float32.

    Args:
        values: Parameters of any shape.
        weight: Weights of the same shape, >= 0.
        centre: Centres of the same shape.
    """
    return (weight * (values.float() - centre).square()).sum()


def add_quadratics(
    weight: Tensor, centre: Tensor, new_weight: Tensor, new_centre: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Two weighted squares as one, element by element.

    ``w (x - c)^2 + v (x - d)^2 = (w + v) (x - m)^2 + w v / (w + v) (c - d)^2`` with
    ``m = (w c + v d) / (w + v)``; where both weights are zero, m is the new centre.

    Args:
        weight: ``w``, >= 0.
        centre: ``c``, of the same shape.
        new_weight: ``v``.
        new_centre: ``d``.

    Returns:
        ``w + v``, ``m`` and the sum of the constants, a scalar.
    """
    total = weight + new_weight
    part = torch.where(total > 0, new_weight / total.clamp(min=1e-38), torch.ones_like(total))
    gap = new_centre - centre
    return total, centre + part * gap, (weight * part * gap.square()).sum()


@MODELS.register_module()
class EWC(BaseMethod):
    r"""Elastic weight consolidation (Kirkpatrick et al., 2017).

    The encoder is pulled towards its weights after each earlier phase p, each parameter by its
    (diagonal, empirical) Fisher information at that point:

    .. math:: L = L_{new} + \frac{\lambda}{2} \sum_{p<t} \sum_i F_{p,i} (\theta_i - \theta_{p,i})^2
        \qquad F_{p,i} = \frac{1}{N} \sum_n (\partial L_p(x_n) / \partial \theta_i)^2

    The sum of these penalties is again one weighted square, so the state is two tensors per
    parameter for any number of phases, with the same value and gradient as one penalty per phase.

    ``online=True`` is Schwarz et al. (2018): one penalty around the latest weights with
    :math:`F \leftarrow \gamma F + F_t`.

    Choices that heterogeneity makes necessary:

    - Fisher information needs a likelihood. Cross-entropy has one; for any other head
      :math:`\exp(-L)` is taken as the likelihood of an image's labels, where L is the head's loss
      averaged over the image's measured pixels: Laplace for L1, von Mises-Fisher for the cosine,
      each with scale 1 in the task's unit, one observation per image. If a phase has several new
      tasks, their losses are added (independent given the image).
    - Fisher therefore scales with the squared slope of the loss: depth in kilometres would be
      protected a million times less than in metres. ``normalize=True`` scales each phase's Fisher
      to mean 1 over the encoder, so that lambda means the same in every output space.
    - Decoders of old tasks get no loss and are frozen; the penalty is over the encoder. Gradients
      are taken in evaluation mode (running BN statistics, no dropout), image by image.

    Args:
        loss_weight: lambda.
        online: One decayed penalty instead of one per phase.
        decay: gamma of the online variant.
        samples: Number of images that Fisher is averaged over; None for all of the phase.
        normalize: Scale each phase's Fisher to mean 1.
        seed: Seed of the choice of images.

    Raises:
        ValueError: If ``loss_weight``, ``decay`` or ``samples`` is out of range, or ``decay`` is
            given without ``online``.
    """

    needs_same_encoder = True

    def __init__(
        self,
        loss_weight: float = 1000.0,
        online: bool = False,
        decay: float = DECAY,
        samples: int | None = 200,
        normalize: bool = False,
        seed: int = 0,
    ) -> None:
        check_option(loss_weight, FROM_0, "EWC: loss_weight")
        check_option(decay, SHARE, "EWC: decay")
        if not online and decay != DECAY:
            raise ValueError(
                f"EWC: decay={decay} has no effect without online=True; set it, or leave decay out"
            )
        check_option(samples, or_none(whole(1)), "EWC: samples")
        self.loss_weight, self.online, self.decay = loss_weight, online, decay
        self.samples, self.normalize, self.seed = samples, normalize, seed
        self.fisher: dict[str, Tensor] = {}
        self.centre: dict[str, Tensor] = {}
        self.constant = 0.0

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Move the state to the model's device.

        Raises:
            ValueError: If the state belongs to another encoder.
        """
        self.warn_without_state(model, bool(self.fisher))
        check_same_encoder("EWC", self.fisher, model)
        device = next(model.parameters()).device
        self.fisher = {name: value.to(device) for name, value in self.fisher.items()}
        self.centre = {name: value.to(device) for name, value in self.centre.items()}

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """The penalty, ``loss_ewc``."""
        if not self.fisher:
            return {}
        parameters = encoder_parameters(model, frozen=True)
        parts = [
            quadratic(parameters[name], fisher, self.centre[name])
            for name, fisher in self.fisher.items()
        ]
        total = torch.stack(parts).sum() + self.constant
        return {"loss_ewc": self.loss_weight / 2 * total}

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Measure this phase's Fisher and add its penalty."""
        fisher = measure_fisher(
            model, runner, measured_images(model, runner, self.samples, self.seed)
        )
        if self.normalize:
            trained = [fisher[name] for name in encoder_parameters(model)] or fisher.values()
            mean = torch.cat([value.flatten() for value in trained]).mean()
            fisher = {name: value / mean.clamp(min=1e-38) for name, value in fisher.items()}
        encoder = encoder_parameters(model, frozen=True)
        centre = {name: p.detach().float().clone() for name, p in encoder.items()}
        self.add(fisher, centre)

    def add(self, fisher: dict[str, Tensor], centre: dict[str, Tensor]) -> None:
        """Add the penalty of a phase with Fisher information ``fisher`` around ``centre``."""
        for name, new in fisher.items():
            old = self.fisher.get(name)  # none in the first phase
            if old is None:
                self.fisher[name], self.centre[name] = new, centre[name]
            elif self.online:
                self.fisher[name], self.centre[name] = self.decay * old + new, centre[name]
            else:
                self.fisher[name], self.centre[name], constant = add_quadratics(
                    old, self.centre[name], new, centre[name]
                )
                self.constant += float(constant)

    def state_dict(self) -> dict:
        """Fisher information, centres (tensors by parameter name) and the constant."""
        return dict(fisher=self.fisher, centre=self.centre, constant=self.constant)

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.fisher = tensors(state, "fisher", least=0)
        self.centre = tensors(state, "centre", like=self.fisher)
        self.constant = finite_number(state, "constant")


def check_same_encoder(method: str, stored: Mapping[str, Tensor], model: Learner) -> None:
    """Check that tensors stored by parameter fit the encoder, frozen parameters included.

    Raises:
        ValueError: Naming parameters that do not fit.
    """
    parameters = encoder_parameters(model, frozen=True)
    wrong = [
        name
        for name, value in stored.items()
        if value.shape != getattr(parameters.get(name), "shape", None)
    ]
    unknown = [name for name in encoder_parameters(model) if name not in stored]
    if stored and unknown and not wrong:
        print_log(
            f"{method}: this phase trains {len(unknown)} weights of the encoder of which it "
            f"remembers nothing, such as {unknown[:3]}: an earlier version measured no weights "
            "that were frozen, and nothing holds them",
            "current",
            logging.WARNING,
        )
    if wrong:
        raise ValueError(
            f"{method} remembers the earlier phases' encoder parameter by parameter, and this "
            f"phase's encoder differs in {len(wrong)}, such as {sorted(wrong)[:3]}; "
            "keep model.backbone and model.neck, or use a method that distils (HAD, LwF)"
        )


def measure_fisher(model: Learner, runner: PhaseRunner, indices: list[int]) -> dict[str, Tensor]:
    """Diagonal of the empirical Fisher information of the new tasks over images, by parameter.

    Computed image by image in float32; each rank takes its share. Frozen weights are included,
    since a later phase may train them.

    Returns:
        Float32 tensors by name, each of the shape of its parameter.
    """
    own = own_share(indices)
    with measured_encoder(model) as parameters:
        fisher = {name: torch.zeros_like(p, dtype=torch.float32) for name, p in parameters.items()}
        for inputs, samples in phase_batches(model, runner, own, batch_size=1):
            found = task_losses(model, model.extract_feat(inputs), samples)
            loss = torch.stack(list(found.values())).sum()
            for name, gradient in gradients(loss, parameters).items():
                fisher[name] += gradient.float().square()
    for value in fisher.values():
        all_reduce(value, op="sum")
        value /= len(indices)
    return fisher
