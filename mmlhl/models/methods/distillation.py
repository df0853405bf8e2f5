"""What methods that pull to a teacher have in common."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from .base_method import BaseMethod
from .matching import at_size
from .protocols import DenseHead, Learner
from .step import Step, TeacherOutputs


class DistillationMethod(BaseMethod):
    """Old tasks are pulled to the pseudo labels of the previous phase's model, task by task.

    Args:
        loss_weight: lambda, the weight of keeping against learning.
        average_tasks: Divide by the number of old tasks, as the 1/(t-1) of the paper does, so
            that old tasks together weigh lambda. False lets each weigh lambda (the authors'
            release).
        train_old_heads: False freezes old decoders with what they know, running BN statistics
            included, and only the encoder is pulled. They have no other gradient than the pull,
            and Adam makes steps of full length of any gradient. No phase may bring a new encoder
            then.

    Raises:
        ValueError: If ``loss_weight`` is negative.
    """

    needs_teacher = True
    takes_stored_labels = True
    trains_old_heads = True

    def __init__(
        self, loss_weight: float = 3.0, average_tasks: bool = True, train_old_heads: bool = True
    ) -> None:
        if loss_weight < 0:
            raise ValueError(f"{type(self).__name__}: loss_weight must be >= 0, got {loss_weight}")
        self.loss_weight = loss_weight
        self.average_tasks = average_tasks
        self.trains_old_heads = bool(train_old_heads)
        self.needs_same_encoder = not self.trains_old_heads

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Distillation losses of every old task, named ``<task>.<loss>``.

        Raises:
            RuntimeError: If the step was made without the teacher.
        """
        if not model.old_tasks:
            return {}
        weight = self.task_weight(model)
        targets = self.targets(self.teacher_of(step))
        losses = {}
        for task in model.old_tasks:
            head = model.heads[task]
            student = head.activate(head(step.feats), step.size)
            valid = at_size(step.valid, student.shape[2:])  # a head may predict on another grid
            for name, loss in self.distill(head, student, targets[task], valid).items():
                losses[f"{task}.{name}"] = weight * loss
        return losses

    def task_weight(self, model: Learner) -> float:
        """Weight of one old task."""
        return self.loss_weight / (len(model.old_tasks) if self.average_tasks else 1)

    def teacher_of(self, step: Step) -> TeacherOutputs:
        """The teacher's outputs for a step.

        Raises:
            RuntimeError: If the step was made without the teacher.
        """
        if step.teacher is None:
            raise RuntimeError(
                f"method {type(self).__name__} needs the teacher's outputs of a step; make it by "
                "model.make_step(inputs, samples, with_teacher=True)"
            )
        return step.teacher

    def targets(self, teacher: TeacherOutputs) -> dict[str, Tensor]:
        """What :meth:`distill` is given of the teacher, by task: its pseudo labels."""
        return teacher.labels

    @abstractmethod
    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Unweighted losses of one old task.

        Args:
            head: The task's head, which knows its output space.
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's pseudo label.
            valid: ``(N, H, W)`` bool, pixels that count.
        """
