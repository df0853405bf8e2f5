"""Weights of classes in mmseg's losses."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from mmseg.models.losses import CrossEntropyLoss
from torch import Tensor, nn

from ...config_values import is_number


def check_class_weights(losses: Iterable[nn.Module], classes: int, owner: str) -> None:
    """Refuse weights of classes that are too few, too many, no numbers, negative or all zero.

    ``alpha`` of ``FocalLoss`` may be a list as well; its range is checked elsewhere.

    mmseg's losses have read them by now if the config names a file.

    Raises:
        ValueError: Naming the loss and its weights.
    """
    for loss in losses:
        alpha = getattr(loss, "alpha", None)  # of FocalLoss: one number, or one per class
        if isinstance(alpha, (list, tuple)) and len(alpha) != classes:
            raise ValueError(
                f"{owner}: alpha of {type(loss).__name__} has {len(alpha)} entries, but there are "
                f"{classes} classes"
            )
        weights = getattr(loss, "class_weight", None)
        if weights is None:
            continue
        where = f"{owner}: class_weight of {type(loss).__name__}"
        weights = weights.tolist() if hasattr(weights, "tolist") else weights
        if not isinstance(weights, (list, tuple)):
            raise ValueError(f"{where} must be a list of {classes} numbers, got {weights!r}")
        if len(weights) != classes:
            raise ValueError(f"{where} has {len(weights)} entries, but there are {classes} classes")
        fine = all(is_number(each) and math.isfinite(each) and each >= 0 for each in weights)
        if not fine or not any(weights):
            raise ValueError(
                f"{where} must be numbers >= 0, of which one is greater, got {list(weights)}"
            )


def average_over(loss: nn.Module, label: Tensor, ignore_index: int) -> dict[str, Tensor]:
    """What mmseg's cross-entropy with weights of classes is divided by.

    It is the sum of the labelled pixels' weights, as in torch. Depending on its version and
    ``avg_non_ignore``, mmseg's own code for it fails as soon as a pixel is not labelled, or always.

    Args:
        loss: Any loss.
        label: ``(N, H, W)`` int64.
        ignore_index: Label that does not count.

    Returns:
        ``avg_factor`` of the call; nothing for other losses.
    """
    weights = getattr(loss, "class_weight", None)
    if weights is None or not isinstance(loss, CrossEntropyLoss):
        return {}
    if loss.use_sigmoid or loss.use_mask or loss.reduction != "mean":
        return {}
    known = label[label != ignore_index]
    table = known.new_tensor(list(weights), dtype=torch.float32)
    return dict(avg_factor=table[known].sum())
