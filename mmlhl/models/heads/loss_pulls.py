"""Trials of losses: whether they pull a wrong prediction towards ground truth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...draws import undisturbed
from ...explaining import explained_error

#: packages whose losses are tried; a user's own loss may be meant in any way
_TRIED = ("mmlhl", "mmseg", "torch")

Compare = Callable[[Any, Tensor, Tensor, Tensor], Tensor]


def check_logit_losses(losses: Iterable[nn.Module], owner: str) -> None:
    """Refuse losses that cannot train one logit per pixel.

    They fail, give no gradient, or take the logit for the probability: a softmax over one channel,
    as in ``CrossEntropyLoss``, is 1 for any logit; ``DenseL1Loss`` pulls the logit to 0 or 1, which
    both mean foreground.

    Raises:
        ValueError: Naming the loss.
    """
    target = torch.tensor([[1.0], [0.0], [1.0], [0.0]])
    wrong = torch.tensor([[-2.0], [1.5], [-1.0], [2.0]])
    right = torch.tensor([[0.3], [-0.3], [0.2], [-0.2]])  # on the right side of 0, but unsure
    for loss in losses:
        name, reason = type(loss).__name__, ""
        try:
            pulls = [_logit_pull(loss, logit, target) for logit in (wrong, right)]
        except Exception as error:  # any loss may be tried, so any error may come
            reason = f"cannot be called with it ({explained_error(error)})"
        else:
            if not (pulls[0] > 0).all():
                reason = "gives pixels that are wrong no gradient"
            elif (pulls[1] < 0).any():
                reason = "pulls it back from the right side of 0, as if it were the probability"
        if reason:
            raise ValueError(
                f"{owner}: there is one logit per pixel, and loss {name} {reason}; DenseBCELoss, "
                "FocalLoss and torch.nn's BCEWithLogitsLoss take logits"
            )


def _logit_pull(loss: nn.Module, logit: Tensor, target: Tensor) -> Tensor:
    """How far a step down the gradient brings each logit to its target's side."""
    logit = logit.clone().requires_grad_()
    with torch.enable_grad(), undisturbed():
        copy.deepcopy(loss)(logit, target).sum().backward()
    grad = torch.zeros_like(logit) if logit.grad is None else logit.grad
    return grad * (0.5 - target)


def check_number_losses(
    losses: Sequence[Any], compare: Compare, target: Tensor, owner: str, any_length: bool = False
) -> None:
    """Refuse losses under which numbers would not become those of ground truth.

    ``DenseCosineLoss`` of a single channel has no gradient, ``DenseBCELoss`` takes the number for a
    logit, and mmseg's ``SiLogLoss`` leaves out what is not positive.

    Args:
        losses: Built losses of a head; those of other packages than torch, mmseg and mmlhl are not
            tried.
        compare: The head's function of a loss, predictions and ground truth ``(N, K, 1, 1)`` and
            the measured pixels ``(N, 1, 1)``.
        target: Ground truth ``(P, K)`` as the head may get it.
        owner: Class of the head, for messages.
        any_length: Whether predictions have the length of ground truth anyway.

    Raises:
        ValueError: Naming the loss.
    """
    if not all(type(loss).__module__.split(".")[0] in _TRIED for loss in losses):
        return
    steps = torch.linspace(-1, 1, target.numel()).view_as(target).flip(0)
    for loss in losses:
        name = type(loss).__name__
        if getattr(loss, "loss_weight", 1) == 0:
            continue
        try:
            pulls = [_pull(loss, compare, target * (1 + 0.3 * s), target) for s in (steps, -steps)]
        except Exception as error:  # as above
            raise ValueError(
                f"{owner}: loss {name} cannot be called with its predictions "
                f"({explained_error(error)}); DenseL1Loss and torch.nn's HuberLoss can"
            ) from error
        if not all((pull > 0).all() for pull in pulls):
            raise ValueError(
                f"{owner}: loss {name} does not pull the prediction of {owner} towards ground "
                "truth, so the task would learn something else; DenseL1Loss and torch.nn's "
                "HuberLoss do"
            )
    if any_length:
        return
    for factor in (0.6, 1.5):
        together = sum(_pull(loss, compare, target * factor, target) for loss in losses)
        if not (torch.as_tensor(together) > 1e-6).all():
            names = ", ".join(type(loss).__name__ for loss in losses)
            raise ValueError(
                f"{owner}: loss {names} compares directions only, so predictions could have any "
                "size; add DenseL1Loss"
            )


def _pull(loss: Any, compare: Compare, pred: Tensor, target: Tensor) -> Tensor:
    """How far a step down the gradient brings each pixel's prediction to ground truth, ``(P,)``."""
    pred = pred.clone()[..., None, None].requires_grad_()
    gt = target[..., None, None]
    with torch.enable_grad(), undisturbed():
        compare(copy.deepcopy(loss), pred, gt, torch.ones(len(gt), 1, 1) > 0).sum().backward()
    grad = torch.zeros_like(pred) if pred.grad is None else pred.grad
    return (grad * (pred.detach() - gt)).sum(1).flatten()
