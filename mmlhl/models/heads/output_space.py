"""What an output space means to methods: distances, groups, what is stored and matched."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch import Tensor

from ..losses.grouping import equal_width_groups, foreground_groups, scaled_channel_mean
from ..losses.masking import full_precision

#: (leading, members, ...): a class that overrides the leading method but not the first of the
#: members no longer inherits these members, see ``OutputSpace.__init_subclass__``
_FOLLOWING = (
    ("distance", ("replay_distance", "replay_output")),
    ("distance", ("has_directions",)),
    ("distance", ("bounded",)),
    ("distance", ("soft_distance",)),
    ("groups", ("num_groups",)),
)


class OutputSpace(metaclass=ABCMeta):
    """The part of a head's contract that methods use.

    A head must define :meth:`activation` and :meth:`distance`; everything else has a default that
    follows from these two. A head of classes also overrides :meth:`pseudo_label` and
    :meth:`groups`, and sets :attr:`num_classes`.
    """

    #: number of groups that :meth:`groups` returns, None if it depends on the data
    num_groups: int | None = None
    #: number of classes of the output space, None if it has no classes
    num_classes: int | None = None
    #: threshold between background and foreground in :meth:`groups`
    delta: float = 0.5
    #: whether the pseudo label is a unit vector; HAD's released loss then takes the product with
    #: the student's vector instead of :meth:`distance`
    has_directions: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Reset inherited members that no longer fit.

        A subclass with a new :meth:`distance` also compares stored outputs by it, and one with
        new :meth:`groups` has an unknown number of groups, unless it overrides these as well.
        """
        super().__init_subclass__(**kwargs)

        def defined_at(name: str) -> int:
            return next(i for i, parent in enumerate(cls.__mro__) if name in vars(parent))

        for leading, names in _FOLLOWING:
            if defined_at(names[0]) > defined_at(leading):
                for name in names:
                    setattr(cls, name, vars(OutputSpace)[name])

    @property
    def has_temperature(self) -> bool:
        """Whether :meth:`soft_distance` depends on its temperature."""
        return type(self).soft_distance is not OutputSpace.soft_distance

    @abstractmethod
    def activation(self, resized: Tensor) -> Tensor:
        """The prediction from a raw map of the final size, both ``(N, K, H, W)``."""

    # -- distillation ----------------------------------------------------------------------
    def pseudo_label(self, pred: Tensor) -> Tensor:
        """The student's target, from the teacher's prediction ``(N, K, H, W)``."""
        return pred.detach()

    @abstractmethod
    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Pixel distillation map ``(N, H, W)``, >= 0.

        Args:
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's pseudo label.
        """

    def soft_distance(self, student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Pixel distillation map ``(N, H, W)`` at a temperature.

        Without classes there is no temperature: the default is :meth:`distance` to the pseudo
        label.

        Args:
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's prediction, likewise.
            temperature: > 0; the greater, the more weight the less likely classes get.
        """
        return self.distance(student, self.pseudo_label(teacher))

    def groups(
        self, teacher: Tensor, valid: Tensor | None = None, bins: int | None = None
    ) -> Tensor:
        """Group of each pixel by the teacher's pseudo label, ``(N, H, W)`` int64.

        By default background and foreground, by the scaled channel mean. A pseudo label of integers
        without a channel axis is a class map and gets one group per class; so does one with a
        channel axis if :attr:`num_classes` is set.

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
        """A response within known bounds, for methods that threshold it at an absolute value.

        The default is the channel mean, min-max scaled within each image. Not called for heads of
        classes.

        Args:
            pred: The prediction ``(N, K, H, W)``.
            valid: ``(N, H, W)`` bool, pixels that count; None means all.

        Returns:
            ``(N, H, W)``, without gradient.
        """
        return scaled_channel_mean(pred.detach(), valid)

    # -- replay ----------------------------------------------------------------------------
    def replay_output(self, raw: Tensor) -> Tensor:
        """What replay stores of a raw map ``(N, K, h, w)`` and matches later: the prediction."""
        return self.activation(full_precision(raw))

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Distance of an output to the stored one, ``(N, h, w)``; by default :meth:`distance`."""
        return self.distance(now, self.pseudo_label(then))
