from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from .base_method import BaseMethod, Step


class DistillationMethod(BaseMethod):
    """Old tasks are pulled to the pseudo labels of the previous phase's model, task by task.

    Args:
        loss_weight: lambda, the weight of keeping against learning.
        average_tasks: divide by the number of old tasks, as the 1/(t-1) of the paper does, so
            that old tasks together weigh lambda. False lets each weigh lambda (the authors'
            release).
    """

    needs_teacher = True
    trains_old_heads = True

    def __init__(self, loss_weight: float = 3.0, average_tasks: bool = True) -> None:
        if loss_weight < 0:
            raise ValueError(f"{type(self).__name__}: loss_weight must be >= 0, got {loss_weight}")
        self.loss_weight = loss_weight
        self.average_tasks = average_tasks

    def losses(self, model: nn.Module, step: Step) -> dict[str, Tensor]:
        """Distillation losses of every old task, named ``<task>.<loss>``."""
        if not model.old_tasks:
            return {}
        weight = self.loss_weight
        if self.average_tasks:
            weight /= len(model.old_tasks)
        teacher = model.teacher_labels(step)
        losses = {}
        for task in model.old_tasks:
            head = model.heads[task]
            student = head.activate(head(step.feats), step.size)
            for name, loss in self.distill(head, student, teacher[task], step.valid).items():
                losses[f"{task}.{name}"] = weight * loss
        return losses

    @abstractmethod
    def distill(
        self, head: nn.Module, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Unweighted losses of one old task.

        Args:
            head: the task's head, which knows its output space.
            student: the student's prediction ``(N, K, H, W)``.
            teacher: the teacher's pseudo label.
            valid: ``(N, H, W)`` bool, pixels that count.
        """
