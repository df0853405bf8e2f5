"""What an output space means to methods: distances, groups, what is stored and matched."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch import Tensor

from ..losses.grouping import equal_width_groups, foreground_groups, scaled_channel_mean
from ..losses.masking import full_precision

#: what of the contract follows from what: the first name stands for the others
_FOLLOWING = (
    ("distance", ("replay_distance", "replay_output")),
    ("distance", ("has_directions",)),
    ("distance", ("bounded",)),
    ("distance", ("soft_distance",)),
    ("groups", ("num_groups",)),
)


class OutputSpace(metaclass=ABCMeta):
    """The part of a head's contract that methods build on.

    A head has to define :meth:`activation` and :meth:`distance`; the rest has a default that
    follows from these two. A head of classes also overrides :meth:`pseudo_label` and
    :meth:`groups`, and sets :attr:`num_classes`.
    """

    #: groups that :meth:`groups` makes, None where it depends on the data
    num_groups: int | None = None
    #: classes of the output space, None if it has none
    num_classes: int | None = None
    #: threshold between background and foreground of :meth:`groups`
    delta: float = 0.5
    #: the pseudo label is a vector, of which the loss that HAD's authors released takes the
    #: product, and not the distance
    has_directions: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Reset what a subclass would inherit although it no longer fits.

        A new :meth:`distance` is also what stored outputs are compared by, and new
        :meth:`groups` are of an unknown number, unless the subclass says otherwise.
        """
        super().__init_subclass__(**kwargs)

        def says(name: str) -> int:
            return next(i for i, parent in enumerate(cls.__mro__) if name in vars(parent))

        for leading, names in _FOLLOWING:
            if says(names[0]) > says(leading):
                for name in names:
                    setattr(cls, name, vars(OutputSpace)[name])

    @property
    def has_temperature(self) -> bool:
        """Whether :meth:`soft_distance` knows of a temperature."""
        return type(self).soft_distance is not OutputSpace.soft_distance

    @abstractmethod
    def activation(self, resized: Tensor) -> Tensor:
        """The prediction from a raw map that has its final size, ``(N, K, H, W)``."""

    # -- distillation ----------------------------------------------------------------------
    def pseudo_label(self, pred: Tensor) -> Tensor:
        """The target that the teacher's prediction ``(N, K, H, W)`` gives the student."""
        return pred.detach()

    @abstractmethod
    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Pixel distillation map ``(N, H, W)``, >= 0.

        Args:
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's pseudo label.
        """

    def soft_distance(self, student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Distillation map ``(N, H, W)`` at a temperature, which only classes have.

        :meth:`distance` to the pseudo label unless a subclass knows better.

        Args:
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's prediction, likewise.
            temperature: > 0; the greater, the more the less likely classes count.
        """
        return self.distance(student, self.pseudo_label(teacher))

    def groups(
        self, teacher: Tensor, valid: Tensor | None = None, bins: int | None = None
    ) -> Tensor:
        """Group of each pixel by the teacher's pseudo label, ``(N, H, W)`` int64.

        Background and foreground by the scaled channel mean. A pseudo label of integers without a
        channel axis is taken for classes, one group each; one with it too, if there are
        :attr:`num_classes`.

        Args:
            teacher: The pseudo label.
            valid: ``(N, H, W)`` bool, pixels that count; None means all.
            bins: Number of bins of equal width instead of foreground and background
                (ablation of HAD; classes have no bins).
        """
        if not teacher.is_floating_point():
            if teacher.dim() == 4 and teacher.shape[1] == 1 and self.num_classes is not None:
                teacher = teacher[:, 0]
            if teacher.dim() == 3:
                return teacher.long()
        if bins is not None:
            return equal_width_groups(teacher, bins, valid)
        return foreground_groups(teacher, self.delta, valid)

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """A response within known bounds, for methods that cut it at an absolute threshold.

        The channel mean, min-max scaled in its image, unless the output space has a scale of its
        own. Heads of classes are not asked for it.

        Args:
            pred: The prediction ``(N, K, H, W)``.
            valid: ``(N, H, W)`` bool, pixels that count; None means all.

        Returns:
            ``(N, H, W)``, without gradient.
        """
        return scaled_channel_mean(pred.detach(), valid)

    # -- replay ----------------------------------------------------------------------------
    def replay_output(self, raw: Tensor) -> Tensor:
        """What is stored of a raw map ``(N, K, h, w)`` to be matched later: the prediction."""
        return self.activation(full_precision(raw))

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """How far an output is from the one that was stored, ``(N, h, w)``.

        The head's own :meth:`distance`, unless a subclass knows better.

        Args:
            now: :meth:`replay_output` now.
            then: That of when the image was stored.
        """
        return self.distance(now, self.pseudo_label(then))
