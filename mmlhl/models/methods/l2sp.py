"""L2-SP: weights decay towards those of the last phase instead of zero."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import FROM_0, check_option, or_none
from .base_method import BaseMethod
from .measuring import is_old
from .protocols import Learner, PhaseRunner
from .stored_state import check_started, tensors

#: optimisers that add ``weight_decay * weight`` to the gradient
COUPLED = ("SGD", "Adam", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop")


def moved_decay(
    weight: Tensor, anchor: Tensor, decay: float, strength: float | None = None
) -> Tensor:
    """The term to add to a gradient so that the weight decays towards the anchor, not to zero.

    Args:
        weight: The parameter.
        anchor: Its anchor.
        decay: The optimiser's ``weight_decay`` of the parameter.
        strength: Weight decay towards the anchor; None for ``decay``.

    Returns:
        ``strength * (weight - anchor) - decay * weight``.
    """
    if strength is None or strength == decay:
        return -decay * anchor
    return strength * (weight - anchor) - decay * weight


@MODELS.register_module()
class L2SP(BaseMethod):
    r"""Weight decay to the weights of the phase before (L2-SP, Li, Grandvalet & Davoine, 2018).

    .. math:: L = L_{new} + \frac{\beta}{2} \| \theta - \theta_{t-1} \|^2

    in place of the optimiser's :math:`\frac{\beta}{2} \| \theta \|^2`, for all weights that earlier
    phases have trained: the encoder, and old decoders if another method trains them. New decoders
    decay to zero as usual. It costs one addition per weight and step, no pass through a network,
    and can be combined with any other method in :class:`Composite`.

    Why it matters here: Adam divides by the size of the gradient, weight decay included, so weights
    that the present loss does not use shrink to zero at the full learning rate. On rooms this
    causes most of the forgetting of naive training. Decay towards the last phase's weights restores
    them instead.

    The method redirects the optimiser's own decay, whether it is added to the gradient (SGD, Adam
    and similar) or subtracted from the weight (AdamW).

    Args:
        strength: beta; None for each parameter's own ``weight_decay`` in the optimiser.

    Raises:
        ValueError: If the strength is negative.
    """

    needs_same_encoder = True
    completes_step = True

    def __init__(self, strength: float | None = None) -> None:
        check_option(strength, or_none(FROM_0), "L2SP: strength")
        self.strength = strength
        self.anchors: dict[str, Tensor] = {}
        self._groups: dict[int, dict[str, Any]] = {}
        self._decoupled = False
        self._corrections: list[tuple[nn.Parameter, Tensor]] = []

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Refuse an optimiser whose form of weight decay is unknown."""
        optimizer = getattr(runner.optim_wrapper, "optimizer", None)
        if model.old_tasks:
            is_decoupled(optimizer, list(getattr(optimizer, "param_groups", [])))

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Store the phase's initial weights, unless a checkpoint has restored them.

        Raises:
            ValueError: If the optimiser's form of weight decay is unknown, or the restored weights
                belong to another encoder.
        """
        wrapper = getattr(runner, "optim_wrapper", None)
        optimizer = getattr(wrapper, "optimizer", None)
        groups = list(getattr(optimizer, "param_groups", []))
        self._groups = {id(p): group for group in groups for p in group["params"]}
        if not model.old_tasks:
            return
        self._decoupled = is_decoupled(optimizer, groups)
        own = old_parameters(model)
        if not self.anchors:
            self.anchors = {name: p.detach().clone() for name, p in own.items()}
        check_started("L2SP", self.anchors, own)
        self.anchors = {name: self.anchors[name].to(p.device) for name, p in own.items()}

    @torch.no_grad()
    def edit_gradients(self, model: Learner) -> None:
        """Redirect the decay in the gradients, or for AdamW note the weights' corrections."""
        self._corrections = []
        if not self.anchors:
            return
        for name, parameter in old_parameters(model).items():
            if parameter.grad is None:
                continue
            group = self._groups.get(id(parameter), {})
            decay = float(group.get("weight_decay", 0.0))
            change = moved_decay(parameter, self.anchors[name], decay, self.strength)
            if self._decoupled:
                self._corrections.append((parameter, -float(group["lr"]) * change))
            else:
                parameter.grad.add_(change)

    @torch.no_grad()
    def edit_weights(self, model: Learner) -> None:
        """Correct the weights after a decay that is not part of the gradient (AdamW)."""
        for parameter, change in self._corrections:
            if parameter.grad is not None:  # otherwise the optimiser has left it out
                parameter.add_(change)
        self._corrections = []

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Drop the anchors: the next phase stores its own."""
        self.forget_phase()

    def forget_phase(self) -> None:
        """Drop the anchors."""
        self.anchors, self._groups = {}, {}

    def state_dict(self) -> dict:
        """The phase's initial weights, while the phase lasts."""
        return dict(anchors=self.anchors) if self.anchors else {}

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.anchors = tensors(state, "anchors") if state else {}


def old_parameters(model: Learner) -> dict[str, nn.Parameter]:
    """Trainable parameters that existed before this phase, by name."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and is_old(model, name)
    }


def is_decoupled(optimizer: Any, groups: list[dict[str, Any]]) -> bool:
    """Whether an optimiser decays the weights directly, as AdamW does, not through the gradient.

    Raises:
        ValueError: If its form of weight decay is unknown.
    """
    kinds = [kind.__name__ for kind in type(optimizer).__mro__]
    if "AdamW" in kinds or any(group.get("decoupled_weight_decay") for group in groups):
        return True
    decays = any(group.get("weight_decay") for group in groups)
    if optimizer is not None and decays and not any(kind in COUPLED for kind in kinds):
        raise ValueError(
            f"L2SP redirects the optimiser's weight decay, but does not know how {kinds[0]} "
            f"decays: take AdamW or one of {', '.join(COUPLED)}, or set "
            "optim_wrapper.optimizer.weight_decay=0 and give L2SP a strength"
        )
    return False
