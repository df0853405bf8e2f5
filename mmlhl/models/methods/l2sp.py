"""L2-SP: weights decay towards those of the last phase instead of zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from .base_method import BaseMethod
from .protocols import Learner, PhaseRunner

#: optimisers that add ``weight_decay * weight`` to the gradient
COUPLED = ("SGD", "Adam", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop")


def moved_decay(
    weight: Tensor, anchor: Tensor, decay: float, strength: float | None = None
) -> Tensor:
    """What has to be added to a gradient so that the decay goes to the anchor.

    Args:
        weight: The parameter.
        anchor: Where it shall decay to.
        decay: What the optimiser's own decay to zero adds per unit of weight.
        strength: What the decay to the anchor adds per unit of distance; None for ``decay``.

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
    phases have trained: encoder, and old decoders if another method trains them. New decoders
    decay to zero as ever. It costs one addition per weight and step, no pass through a network, and
    goes with any other method in :class:`Composite`.

    Why it matters here: Adam divides by the size of the gradient, that of the decay included, so
    weights that the present loss does not use are driven to zero at the full learning rate. On
    rooms that is most of what naive training forgets. Decay to the last phase's weights brings
    them back instead.

    It is the optimiser's own decay that is moved, added to the gradient (SGD, Adam and their like)
    or taken from the weight (AdamW).

    Args:
        strength: beta; None for each parameter's own ``weight_decay`` in the optimiser.

    Raises:
        ValueError: If the strength is negative.
    """

    needs_same_encoder = True

    def __init__(self, strength: float | None = None) -> None:
        if strength is not None and not strength >= 0:
            raise ValueError(f"L2SP: strength must be None or >= 0, got {strength}")
        self.strength = strength
        self.anchors: dict[str, Tensor] = {}
        self._groups: dict[int, dict[str, Any]] = {}
        self._decoupled = False
        self._corrections: list[tuple[nn.Parameter, Tensor]] = []

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Refuse an optimiser whose decay is not known."""
        optimizer = getattr(runner.optim_wrapper, "optimizer", None)
        if model.old_tasks:
            is_decoupled(optimizer, list(getattr(optimizer, "param_groups", [])))

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Remember the weights that the phase starts from, unless it was interrupted.

        Raises:
            ValueError: If the optimiser is none whose decay is known, or what the checkpoint brings
                is of another encoder.
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
        check_anchors(self.anchors, own)
        self.anchors = {name: self.anchors[name].to(p.device) for name, p in own.items()}

    @torch.no_grad()
    def edit_gradients(self, model: Learner) -> None:
        """Move the decay of a gradient; or note by how much the weight has to be corrected."""
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
        """Correct the weights that were decayed beside the gradient."""
        for parameter, change in self._corrections:
            parameter.add_(change)
        self._corrections = []

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Forget the weights: the next phase starts from those that are published."""
        self.anchors, self._groups = {}, {}

    def state_dict(self) -> dict:
        """The weights that this phase started from, while it lasts."""
        return dict(anchors=self.anchors) if self.anchors else {}

    def load_state_dict(self, state: dict) -> None:
        """Take :meth:`state_dict` back."""
        self.anchors = dict(state.get("anchors", {}))


def old_parameters(model: Learner) -> dict[str, nn.Parameter]:
    """Trainable parameters that an earlier phase has had, by name."""
    new = ("distillers.", *(f"heads.{task}." for task in model.new_tasks))
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and not name.startswith(new)
    }


def is_decoupled(optimizer: Any, groups: list[dict[str, Any]]) -> bool:
    """Whether an optimiser takes its decay from the weights themselves, as AdamW does.

    Args:
        optimizer: The optimiser, None if there is none.
        groups: Its groups of parameters.

    Raises:
        ValueError: If it decays weights in a way that is not known.
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


def check_anchors(anchors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Refuse anchors that a weight lacks or has in another shape.

    Raises:
        ValueError: Naming weights that have none.
    """
    wrong = sorted(
        name for name, p in own.items() if getattr(anchors.get(name), "shape", None) != p.shape
    )
    if wrong:
        raise ValueError(
            f"L2SP remembers the weights that this phase started from, and {len(wrong)} of the "
            f"model's are not among them, such as {wrong[:3]}: resume with the config that the "
            "phase began with"
        )
