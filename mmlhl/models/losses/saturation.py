"""Probabilities that keep their gradient where they are saturated.

Beyond a logit of about 17 a probability is 1 in float32 and its slope is 0, so a confidently wrong
pixel would never be corrected. Slope and divergence share one floor here, so that their product,
the gradient with respect to the logit, is ``p - q`` for every logit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .masking import full_precision

#: floor of ``p (1 - p)``, the sigmoid's slope and the denominator of the divergence's gradient
FLOOR = 1e-12


def variance(probability: Tensor) -> Tensor:
    """``p (1 - p)``, at least :data:`FLOOR`, without gradient."""
    probability = probability.detach()
    return (probability * (1 - probability)).clamp(min=FLOOR)


def sloped_sigmoid(logit: Tensor) -> Tensor:
    """The sigmoid, whose slope is never less than :data:`FLOOR`; same shape, float32 or better."""
    logit = full_precision(logit)
    probability = logit.sigmoid()
    if not (torch.is_grad_enabled() and logit.requires_grad):
        return probability
    return probability.detach() + (logit - logit.detach()) * variance(probability)


def bernoulli_divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """Kullback-Leibler divergence of two Bernoulli distributions, float32 or better.

    Not torch's binary cross-entropy, which is forbidden under autocast and clamped.

    Args:
        student: Probabilities, any shape, best from :func:`sloped_sigmoid`.
        teacher: Likewise; gets no gradient.

    Returns:
        The same shape, >= 0, finite everywhere.
    """
    student, teacher = full_precision(student), full_precision(teacher.detach()).to(student)
    limits = torch.finfo(student.dtype)
    now = student.detach()
    heads, tails = now.clamp(min=limits.tiny).log(), (-now.clamp(max=1 - limits.eps / 2)).log1p()
    cross = -(teacher * heads + (1 - teacher) * tails)
    entropy = -(torch.xlogy(teacher, teacher) + torch.xlogy(1 - teacher, 1 - teacher))
    value = (cross - entropy).clamp(min=0)
    return value + (student - now) * ((now - teacher) / variance(now))
