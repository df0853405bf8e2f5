"""Calling losses of classes so that unlabelled pixels count in none of them.

mmseg calls all of its losses alike: with the label, a weight per pixel and ``ignore_index``. Only
its cross-entropy uses all three. Others have an ignored label of their own, count unlabelled
pixels as wrong, leave out the weight, or fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.losses import CrossEntropyLoss, DiceLoss, FocalLoss, LovaszLoss
from mmseg.models.losses.focal_loss import py_sigmoid_focal_loss
from torch import Tensor, nn

from .class_weights import average_over
from .hausdorff import hausdorff_loss


def class_loss(
    loss: Any, logits: Tensor, label: Tensor, ignore_index: int, weight: Tensor | None = None
) -> Tensor:
    """A loss over the labelled pixels of a batch.

    Args:
        loss: One of mmseg's losses of classes, torch's cross-entropy, or any loss that is called
            like mmseg's cross-entropy.
        logits: ``(N, C, H, W)``.
        label: ``(N, H, W)`` int64, with at least one labelled pixel.
        ignore_index: Label of unlabelled pixels.
        weight: ``(N, H, W)``, weight of each pixel; 0 for pixels that a sampler has left out.

    Returns:
        The loss: a scalar, or a map if it is not reduced.
    """
    seen = label != ignore_index
    options: dict[str, Any] = {}
    if weight is not None:
        seen, options = seen & (weight > 0), dict(weight=weight)
    if isinstance(loss, LovaszLoss):
        return overlap_loss(loss, logits, label, seen, loss.per_image)
    if isinstance(loss, DiceLoss):
        return overlap_loss(loss, logits, label, seen, per_image=True)
    if isinstance(loss, FocalLoss):
        target = F.one_hot(label.masked_fill(~seen, 0), logits.shape[1]).flatten(0, 2)
        share = seen.to(logits) if weight is None else weight.to(logits) * seen
        return focal_loss(loss, logits.movedim(1, -1).flatten(0, 2), target, share.flatten())
    if type(loss).__name__ == "HuasdorffDisstanceLoss":
        return hausdorff_loss(loss, logits, label, seen)
    mark = getattr(loss, "ignore_label", getattr(loss, "ignore_index", None))
    if isinstance(mark, int):  # its own ignored label
        label = label.masked_fill(~seen, mark)
        if hasattr(loss, "ignore_label") or isinstance(loss, nn.CrossEntropyLoss):
            value = loss(logits, label)
            # NaN is the mean over no pixel: OhemCrossEntropy leaves out all equally good ones
            return logits.sum() * 0.0 if value.isnan() or not seen.any() else value
        return loss(logits, label, ignore_index=mark, **options)
    options.update(average_over(loss, label, ignore_index), ignore_index=ignore_index)
    if isinstance(loss, CrossEntropyLoss) and loss.use_sigmoid and loss.class_weight is not None:
        # weights of classes are broadcast along the last axis
        logits, label = logits.movedim(1, -1).flatten(0, -2), label.flatten()
        options.update({} if weight is None else dict(weight=weight.flatten()))
    return loss(logits, label, **options)


def takes_ignore_index(loss: Any) -> bool:
    """Whether :func:`class_loss` calls a loss with ``ignore_index``, and thus not by itself."""
    if isinstance(loss, (LovaszLoss, DiceLoss, FocalLoss, nn.CrossEntropyLoss)):
        return False
    return not isinstance(getattr(loss, "ignore_label", None), int)


def pixel_losses(losses: Iterable[nn.Module]) -> nn.ModuleList:
    """The losses by which a sampler ranks pixels, since they have one value for each of them.

    Returns:
        Those that are cross-entropies of the softmax; a plain one if there is none.
    """
    fitting = [x for x in losses if isinstance(x, CrossEntropyLoss) and not x.use_sigmoid]
    return nn.ModuleList(fitting or [CrossEntropyLoss(avg_non_ignore=True)])


def overlap_loss(loss: Any, logits: Tensor, label: Tensor, seen: Tensor, per_image: bool) -> Tensor:
    """A loss of how sets of pixels overlap, which does not depend on their places.

    Args:
        loss: ``DiceLoss`` or ``LovaszLoss``.
        logits: ``(N, C, H, W)``.
        label: ``(N, H, W)`` int64.
        seen: Likewise, bool: pixels that count.
        per_image: Whether the sets are those of one image; otherwise of the batch.

    Returns:
        The mean over images with such a pixel, or their sum if the loss has ``reduction='sum'``.
        Zero if there is none.
    """
    scores = logits.movedim(1, -1)
    sets = [*zip(scores, label, seen, strict=True)] if per_image else [(scores, label, seen)]
    values = [
        loss(pixels[chosen].T[None, :, :, None], ids[chosen][None, :, None], ignore_index=None)
        for pixels, ids, chosen in sets
        if chosen.any()
    ]
    if not values:
        return logits.sum() * 0.0
    total = torch.stack([value.sum() for value in values])
    return total.sum() if per_image and loss.reduction == "sum" else total.mean()


def focal_loss(loss: Any, logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """mmseg's focal loss in plain PyTorch.

    Its own choice of an implementation takes a single map for foreground everywhere on a GPU, fails
    on ids of several classes on a CPU, and needs compiled operators on a GPU.

    Args:
        loss: ``FocalLoss``.
        logits: ``(P, C)``.
        target: ``(P, C)``, 1 for the right class.
        weight: ``(P,)``, weight of each pixel; None for 1.

    Returns:
        The mean over pixels and classes, or what ``reduction`` says.
    """
    return loss.loss_weight * py_sigmoid_focal_loss(
        logits,
        target,
        None,
        weight=weight,
        gamma=loss.gamma,
        alpha=loss.alpha,
        class_weight=loss.class_weight,
        reduction=loss.reduction,
    )
