"""SPG: steps masked softly by the importance of each parameter."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import ABOVE_0, check_option, or_none, whole
from .ewc import check_same_encoder
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
from .step_editing import Edit, StepEditingMethod
from .stored_state import tensors


def importance(gradient: Tensor, strength: float = 1.0) -> Tensor:
    """Importance of one tensor's parameters, in [0, 1]: ``|tanh((g - mean g) / std g)|``.

    Args:
        gradient: Summed gradient, any shape.
        strength: Factor inside tanh.

    Returns:
        The same shape; zeros if all gradients are equal, NaN if one is not finite.
    """
    gradient = gradient.float()
    if gradient.numel() < 2:
        return torch.zeros_like(gradient)
    std = gradient.std()
    if std == 0:
        return torch.zeros_like(gradient)
    return (strength * (gradient - gradient.mean()) / std).tanh().abs()


@MODELS.register_module()
class SPG(StepEditingMethod):
    r"""Parameter-level soft-masking of gradients (Konishi et al., 2023).

    After phase t, with g the gradient of a loss summed over the phase's images, each parameter of
    the encoder gets the importance

    .. math:: \gamma_i = \max_\tau | \tanh( (g_{\tau,i} - \bar g_\tau) / s(g_\tau) ) |

    standardised within its tensor. The maximum is over the losses of the phase's new tasks and one
    proxy loss per older task, whose labels the new images lack: the sum of the head's outputs
    ("cross-head importance"). Importances accumulate by maximum over phases. Later steps are
    masked,

    .. math:: \Delta\theta_i \leftarrow (1 - \gamma_i) \Delta\theta_i

    and the steps of new heads are scaled by the encoder's average :math:`1 - \bar\gamma`, so that
    they are not faster than the encoder.

    Choices that heterogeneity, or this framework, makes necessary:

    - The proxy is the sum of the raw map in every output space: logits, metres, vectors.
      Standardisation removes its unit. If a phase has several new tasks, each has its own gradient.
    - Steps are masked instead of gradients, since Adam would undo the mask; under SGD it is the
      same; see :class:`StepEditingMethod`.
    - Old decoders get no loss and are frozen. Gradients are taken in evaluation mode.

    Args:
        strength: Factor inside tanh, the trade-off of old against new tasks; 1 in the paper.
        samples: Number of images that gradients are summed over; None for all of the phase (paper).
        cross_head: Whether to include the older tasks' proxies.
        slow_new_heads: Whether to scale the new heads' steps.
        edits: ``'update'`` or ``'gradient'``, see :class:`StepEditingMethod`.
        seed: Seed of the choice of images.

    Raises:
        ValueError: If ``strength`` or ``samples`` is out of range.
    """

    def __init__(
        self,
        strength: float = 1.0,
        samples: int | None = None,
        cross_head: bool = True,
        slow_new_heads: bool = True,
        edits: str = "update",
        seed: int = 0,
    ) -> None:
        super().__init__(edits)
        check_option(strength, ABOVE_0, "SPG: strength")
        check_option(samples, or_none(whole(1)), "SPG: samples")
        self.strength = strength
        self.samples, self.cross_head, self.seed = samples, cross_head, seed
        self.slow_new_heads = slow_new_heads
        self.importance: dict[str, Tensor] = {}
        self._average = 0.0

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Move the importances to the model's device.

        Raises:
            ValueError: If they belong to another encoder.
        """
        super().begin_phase(model, runner)
        self.warn_without_state(model, bool(self.importance))
        check_same_encoder("SPG", self.importance, model)
        device = next(model.parameters()).device
        self.importance = {name: value.to(device) for name, value in self.importance.items()}
        trained = encoder_parameters(model)
        values = [v.flatten() for name, v in self.importance.items() if name in trained]
        self._average = float(torch.cat(values).mean()) if values else 0.0

    def step_edits(self, model: Learner) -> list[tuple[nn.Parameter, Edit]]:
        """Soft masks of the encoder and the factor of the new heads; none in the first phase."""
        if not self.importance:
            return []
        encoder = encoder_parameters(model)
        edits = [
            (encoder[name], _scaled(1 - value))
            for name, value in self.importance.items()
            if name in encoder
        ]
        if self.slow_new_heads:
            edits += [
                (parameter, _scaled(1 - self._average))
                for task in model.new_tasks
                for parameter in model.heads[task].parameters()
            ]
        return edits

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Accumulate the importances of this phase."""
        for sums in self._measure(model, runner).values():
            for name, gradient in sums.items():
                new = importance(gradient, self.strength)
                old = self.importance.get(name)
                self.importance[name] = new if old is None else torch.maximum(old, new)

    def _measure(self, model: Learner, runner: PhaseRunner) -> dict[str, dict[str, Tensor]]:
        """Summed gradients by task and parameter; each rank sums its share of the images."""
        tasks = [*model.new_tasks, *(model.old_tasks if self.cross_head else [])]
        own = own_share(measured_images(model, runner, self.samples, self.seed))
        with measured_encoder(model) as parameters:
            sums = {
                task: {n: torch.zeros_like(p, dtype=torch.float32) for n, p in parameters.items()}
                for task in tasks
            }
            for inputs, samples in phase_batches(model, runner, own):
                feats = model.extract_feat(inputs)
                losses = task_losses(model, feats, samples)
                for task in tasks:
                    if task in losses:
                        loss = losses[task] * len(inputs)  # a sum over images, like the proxy
                    else:
                        loss = model.heads[task](feats).sum()
                    found = gradients(loss, parameters, retain_graph=task != tasks[-1])
                    for name, gradient in found.items():
                        sums[task][name] += gradient.float()
        for by_name in sums.values():
            for value in by_name.values():
                all_reduce(value, op="sum")
        return sums

    def state_dict(self) -> dict:
        """Accumulated importances by parameter name."""
        return dict(importance=self.importance)

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.importance = tensors(state, "importance", least=0, most=1)


def _scaled(factor: Tensor | float) -> Edit:
    return lambda step: step * factor
