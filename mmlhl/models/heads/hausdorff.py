"""mmseg's loss of the Hausdorff distance, for any number of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


def hausdorff_loss(loss: Any, logits: Tensor, label: Tensor, seen: Tensor) -> Tensor:
    """Squared errors of each class but the first, weighted by squared distances to its outline.

    mmseg's own code compares the probability of every class with the *id* of the label, and takes
    the distances of all classes but the first together, which is right for two classes only; it
    fails with weights of classes. For two classes this function agrees with it.

    Args:
        loss: ``HuasdorffDisstanceLoss``.
        logits: ``(N, C, H, W)``.
        label: ``(N, H, W)`` int64.
        seen: Likewise, bool: pixels that count; the others are outside of every class.

    Returns:
        The sum over the classes from 1 of the mean over pixels, divided by C as in mmseg.
    """
    classes = logits.shape[1]
    weights = [1.0] * classes if loss.class_weight is None else list(loss.class_weight)
    shares, predicted = logits.softmax(1), logits.argmax(1)
    total = logits.sum() * 0.0
    for index in range(1, classes):
        wanted, given = ((ids == index) & seen for ids in (label, predicted))
        reach = inner_distances(wanted).square() + inner_distances(given).square()
        error = (shares[:, index] - wanted.to(shares)).square() * seen
        total = total + weights[index] * (error * reach.to(shares)).mean()
    return loss.loss_weight * total / classes


def inner_distances(masks: Tensor) -> Tensor:
    """Distance of each pixel in a mask to the nearest one outside, in pixels; 0 outside.

    Args:
        masks: ``(N, H, W)`` bool. A mask of the whole image has no outline; its distances are those
            to a place beyond the image, as in mmseg.

    Returns:
        ``(N, H, W)`` float32 on the CPU or the masks' device, without gradient.
    """
    from scipy.ndimage import distance_transform_edt  # slow to import; mmseg needs it as well

    found = [
        distance_transform_edt(mask) if mask.any() else np.zeros(mask.shape)
        for mask in masks.cpu().numpy()
    ]
    return torch.from_numpy(np.stack(found)).float().to(masks.device)
