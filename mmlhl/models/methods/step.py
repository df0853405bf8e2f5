"""One training step, as a method sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class TeacherOutputs:
    """The outputs of the previous phase's model for a step's images, without gradients.

    Attributes:
        feats: Its feature maps, from one pass through its encoder; none where its labels were
            stored.
        labels: Its pseudo labels by old task, at the size of the input.
        predictions: Its predictions ``(N, K, H, W)`` by old task; empty unless the method
            asks for them by ``needs_teacher_predictions``.
        maps: Its raw maps ``(N, K, h, w)`` by old task; empty unless the method asks for them by
            ``needs_teacher_maps``.
    """

    feats: Sequence[Tensor]
    labels: dict[str, Tensor]
    predictions: dict[str, Tensor] = field(default_factory=dict)
    maps: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Step:
    """One training step, as a method sees it.

    Attributes:
        inputs: Preprocessed images ``(N, 3, H, W)``.
        samples: Their data samples.
        feats: The student's feature maps, from the step's only pass through the encoder.
        valid: ``(N, H, W)`` bool, False on pixels that padding added.
        teacher: What the teacher says of the images, there before :meth:`BaseMethod.losses` is
            called; None if the method needs no teacher, or no task is old.
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
