"""The data of one training step that methods get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class TeacherOutputs:
    """The outputs of the previous phase's model for a step's images, without gradients.

    Attributes:
        feats: Its feature maps, from one pass through its encoder; empty with stored labels
            and with several teachers.
        labels: Its pseudo labels by old task, at the size of the input; empty if the method clears
            ``needs_teacher_labels``.
        predictions: Its predictions ``(N, K, H, W)`` by old task; empty unless the method sets
            ``needs_teacher_predictions``.
        maps: Its raw maps ``(N, K, h, w)`` by old task; empty unless the method sets
            ``needs_teacher_maps``.
    """

    feats: Sequence[Tensor]
    labels: dict[str, Tensor]
    predictions: dict[str, Tensor] = field(default_factory=dict)
    maps: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Step:
    """The data of one training step.

    Attributes:
        inputs: Preprocessed images ``(N, 3, H, W)``.
        samples: Their data samples.
        feats: The student's feature maps, from the step's only pass through the encoder.
        valid: ``(N, H, W)`` bool, False in padding.
        teacher: The teacher's outputs for the images, set before :meth:`BaseMethod.losses` is
            called; None if the method needs no teacher, or there are no old tasks.
    """

    inputs: Tensor
    samples: Sequence
    feats: Sequence[Tensor]
    valid: Tensor
    teacher: TeacherOutputs | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width at which old tasks are compared, those of the input."""
        height, width = self.inputs.shape[2:]
        return height, width
