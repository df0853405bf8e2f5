"""Gradients of distillation losses: their strength, their pixels, and their agreement over images.

Takes a student and its teacher, two checkpoints of one sequence, and differentiates each loss with
respect to the student's raw map of each old task. Strength is the sum over an image's pixels of the
gradient's length, as a multiple of plain pixel-wise distillation's (LwF) at the same lambda. Shares
are the parts of that sum at the tenth of the pixels where the student is nearest to the teacher,
and at the tenth where it is farthest. Agreement is the length of the images' mean gradient of the
encoder's weights, in percent of the mean length: 100 if all gradients are equal, and about
100 / sqrt(images) if they are noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..models.heads import BaseDenseHead
from ..models.methods import HAD, HADRelease, LwF
from ..models.methods.distillation import DistillationMethod
from ..models.segmentors import LifelongSegmentor
from .seeds import over_seeds
from .sheet import Column, Sheet

#: the compared losses; strengths are multiples of the first
METHODS = {
    "LwF": LwF(),
    "HAD": HAD(),
    "HAD, DB": HAD(loss=dict(with_sg=False)),
    "HAD, DB arithmetic": HAD(loss=dict(with_sg=False, mean="arithmetic")),
    "HAD, DB offset 0.05": HAD(loss=dict(with_sg=False, offset=0.05)),
    "HAD, SG": HAD(loss=dict(with_db=False)),
    "HAD as released": HADRelease(),
}


def pull(
    method: DistillationMethod,
    head: BaseDenseHead,
    raw: Tensor,
    label: Tensor,
    weights: Sequence[Tensor] = (),
) -> tuple[float, Tensor, Tensor]:
    """Value of a loss, the length of its gradient at each pixel, and its gradient of weights.

    Args:
        method: Its loss, before lambda, is differentiated.
        head: The task's head.
        raw: The student's raw map at full size, ``(N, K, H, W)``, with its graph.
        label: The teacher's pseudo label.
        weights: Weights of the encoder, by which ``raw`` was computed.

    Returns:
        The value; lengths ``(N, H, W)``, times N since the loss is a mean over images; and the
        gradient of the weights as one vector.
    """
    valid = torch.ones_like(raw[:, 0], dtype=torch.bool)
    losses = method.distill(head, head.activation(raw), label, valid)
    value = torch.stack(list(losses.values())).sum()
    of_map, *of_weights = torch.autograd.grad(value, [raw, *weights], retain_graph=True)
    vector = torch.cat([gradient.flatten() for gradient in of_weights] or [of_map.new_zeros(0)])
    return value.item(), len(raw) * of_map.square().sum(1).sqrt(), vector


def shares(length: Tensor, distance: Tensor, part: float = 0.1) -> tuple[Tensor, Tensor]:
    """Shares of the gradient at the pixels nearest to the teacher and farthest from it.

    Args:
        length: ``(N, H, W)``, see :func:`pull`.
        distance: ``(N, H, W)``, the pixel distillation map.
        part: Share of an image's pixels that are called nearest, and farthest.

    Returns:
        Two tensors ``(N,)``, in percent; NaN for an image without a gradient.
    """
    order = distance.flatten(1).argsort(1)
    sorted_length = length.flatten(1).gather(1, order)
    count = max(1, round(part * order.shape[1]))
    total = sorted_length.sum(1)
    near, far = sorted_length[:, :count].sum(1), sorted_length[:, -count:].sum(1)
    return 100 * near / total, 100 * far / total


@dataclass
class Pulls:
    """Measurements of one loss and task.

    Attributes:
        images: Value, summed gradient, and both shares of each image.
        total: Sum of the images' gradients of the encoder's weights.
        lengths: Sum of the lengths of these gradients.
    """

    images: list[tuple[float, ...]] = field(default_factory=list)
    total: Tensor | float = 0.0
    lengths: float = 0.0

    def add(self, value: float, length: Tensor, vector: Tensor, distance: Tensor) -> None:
        """Add one image."""
        near, far = shares(length, distance)
        self.images.append((value, float(length.sum()), float(near), float(far)))
        self.total = self.total + vector
        self.lengths += float(vector.norm())

    @property
    def agreement(self) -> float:
        """Agreement in percent, as described at the top of the file; NaN without a gradient."""
        return 100 * float(self.total.norm()) / self.lengths if self.lengths else float("nan")


def measure(
    student: LifelongSegmentor, teacher: LifelongSegmentor, images: Iterable[dict]
) -> dict[str, dict[str, Pulls]]:
    """Differentiate every loss for each task of the teacher.

    Args:
        student: Model of a phase, in evaluation mode.
        teacher: Model of the phase before, likewise.
        images: Batches of one image.

    Returns:
        Measurements by task and loss.

    Raises:
        ValueError: If the student lacks a task of the teacher.
    """
    lacking = [task for task in teacher.heads.keys() if task not in student.heads]
    if lacking:
        raise ValueError(
            f"the student has no head for {lacking}, which the teacher has: the student is the "
            "checkpoint of the later phase"
        )
    weights = [weight for weight in student.backbone.parameters() if weight.requires_grad]
    found = {task: {name: Pulls() for name in METHODS} for task in teacher.heads.keys()}
    for data in images:
        inputs = teacher.data_preprocessor(data, False)["inputs"]
        size = inputs.shape[2:]
        with torch.no_grad():
            taught = teacher.extract_feat(inputs)
        feats = student.extract_feat(student.data_preprocessor(data, False)["inputs"])
        for task, losses in found.items():
            head, old_head = student.heads[task], teacher.heads[task]
            raw = head.resize(head(feats), size)
            with torch.no_grad():
                label = old_head.pseudo_label(old_head.activate(old_head(taught), size))
                distance = head.distance(head.activation(raw), label)
            for name, method in METHODS.items():
                losses[name].add(*pull(method, head, raw, label, weights), distance)
    return found


def sheet_of(task: str, losses: dict[str, Pulls]) -> Sheet:
    """Means over images, one row per loss."""
    columns = [
        Column("value", digits=4),
        Column("strength / LwF"),
        Column("nearest tenth %", digits=1),
        Column("farthest tenth %", digits=1),
        Column("agreement %", digits=1),
    ]
    count = len(losses["LwF"].images)
    title = f"{task}: gradients of distillation, mean over {count} image(s)"
    sheet = Sheet("gradients", title, columns, corner="loss")
    scale = over_seeds(row[1] for row in losses["LwF"].images).mean
    for name, pulls in losses.items():
        value, total, near, far = (
            over_seeds(column).mean for column in zip(*pulls.images, strict=True)
        )
        cells = (value, total / scale if scale else float("nan"), near, far, pulls.agreement)
        sheet.rows.append((name, [over_seeds([cell]) for cell in cells]))
    return sheet
