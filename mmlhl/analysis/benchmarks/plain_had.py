"""HAD in its most direct form: loops over images and groups, one teacher run per task.

The fast version is compared with it. Both have the same equations and give the same losses.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def looped(distance: Tensor, groups: Tensor, valid: Tensor, k: float, eps: float) -> Tensor:
    """HAD's two terms: one loop over groups, one convolution.

    Args:
        distance: ``(N, H, W)``.
        groups: ``(N, H, W)`` int64.
        valid: ``(N, H, W)`` bool, the valid pixels.
        k: Threshold of salience.
        eps: Floor of the distance inside the geometric mean.

    Returns:
        The sum of both terms, mean over the batch.
    """
    total = distance.new_zeros(())
    kernels = torch.stack([SOBEL, SOBEL.T])[:, None].to(distance)
    for image, group, mask in zip(distance, groups, valid, strict=True):
        means = []
        for number in group[mask].unique():
            chosen = image[mask & (group == number)]
            means.append(chosen.clamp(min=eps).log().mean().exp())
        with torch.no_grad():
            gx, gy = F.conv2d((image * mask)[None, None], kernels, padding=1)[0]
            edge = (gx**2 + gy**2).sqrt()
            low, high = edge[mask].min(), edge[mask].max()
            salient = ((edge - low) / (high - low) > k) & mask
        total = total + torch.stack(means).mean() + image[salient].mean()
    return total / len(distance)


def plain_losses(
    model: Any, inputs: Tensor, samples: list, k: float = 0.9, eps: float = 1e-6
) -> dict[str, Tensor]:
    """All losses of a step, with one run of the teacher's whole network per old task.

    Args:
        model: A segmentor with its teacher and a method with ``HAD``'s options.
        inputs: Preprocessed images.
        samples: Their data samples.
        k: Threshold of salience.
        eps: Floor of the distance inside the geometric mean.
    """
    feats = model.extract_feat(inputs)
    losses = {}
    for task in model.new_tasks:
        for name, value in model.heads[task].loss(feats, samples).items():
            losses[f"{task}.{name}"] = value
    weight = model.method.loss_weight / len(model.old_tasks) / 2
    valid = torch.ones_like(inputs[:, 0], dtype=torch.bool)
    for task in model.old_tasks:
        head, size = model.heads[task], inputs.shape[2:]
        with torch.no_grad():
            taught = model.teacher(inputs, mode="tensor")[task]
            taught = head.resize(taught, size)
        student = head.resize(head(feats), size)
        distance, groups = _compared(head, student, taught)
        losses[f"{task}.loss_had"] = weight * looped(distance, groups, valid, k, eps)
    return losses


def _compared(head: Any, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Distance and group of each pixel, from raw maps."""
    if head.num_classes is not None:
        label = teacher.argmax(1)
        return F.cross_entropy(student, label, reduction="none"), label
    if head.kind == "normal":
        student, teacher = F.normalize(student, dim=1), F.normalize(teacher, dim=1)
        distance = 1 - F.cosine_similarity(student, teacher, dim=1)
    else:
        distance = (student - teacher).abs().mean(1)
    groups = []
    for image in teacher.mean(1):
        scaled = (image - image.min()) / (image.max() - image.min())
        groups.append((scaled > head.delta).long())
    return distance, torch.stack(groups)
