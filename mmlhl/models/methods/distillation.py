"""Base of methods that distil from a teacher."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from ...option_rules import FROM_0, check_option, one_of
from ..teachers import TEACHERS
from .base_method import BaseMethod
from .matching import at_size
from .protocols import DenseHead, Learner
from .step import Step, TeacherOutputs


class DistillationMethod(BaseMethod):
    """Distils the pseudo labels of the previous phase's model into the student, task by task.

    Args:
        loss_weight: lambda, the weight of distillation relative to the new tasks' losses.
        average_tasks: Divide by the number of old tasks, like the 1/(t-1) of the paper, so that
            the old tasks together have weight lambda. If False each of them has weight lambda, as
            in the authors' release.
        train_old_heads: If False, old decoders are frozen, running BN statistics included, and only
            the encoder is distilled; no phase may then bring a new encoder. Old decoders get no
            gradient besides distillation, and Adam turns a gradient of any size into full steps.
        teachers: ``last``, as published: the previous phase's model teaches all old tasks.
            ``first``: the model of the phase that learned a task teaches it, so what was lost since
            is not passed on. The models are taken from the folders of the earlier phases. Each runs
            once per step, or only once per image with stored pseudo labels.

    Raises:
        ValueError: If ``loss_weight`` is negative, or ``teachers`` none of the above or not
            possible with this method.
    """

    needs_teacher = True
    takes_stored_labels = True
    trains_old_heads = True
    #: whether it compares feature maps or raw maps, which belong to one teacher
    needs_one_teacher = False

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = True,
        train_old_heads: bool = True,
        teachers: str = "last",
    ) -> None:
        check_option(loss_weight, FROM_0, f"{type(self).__name__}: loss_weight")
        check_option(teachers, one_of(TEACHERS), f"{type(self).__name__}: teachers")
        if teachers != "last" and self.needs_one_teacher:
            raise ValueError(
                f"{type(self).__name__}: teachers={teachers!r} is not possible, since it compares "
                "maps of one teacher inside the network; leave teachers out"
            )
        self.teachers = teachers
        self.loss_weight = loss_weight
        self.average_tasks = average_tasks
        self.trains_old_heads = bool(train_old_heads)
        self.needs_same_encoder = not self.trains_old_heads

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Distillation losses of every old task, named ``<task>.<loss>``.

        Raises:
            RuntimeError: If the step has no teacher outputs.
        """
        if not model.old_tasks:
            return {}
        weight = self.task_weight(model)
        targets = self.targets(self.teacher_of(step))
        losses = {}
        for task in model.old_tasks:
            head = model.heads[task]
            student, teacher = self.compared(head, step, targets[task])
            valid = at_size(step.valid, student.shape[2:])  # a head may predict at another size
            for name, loss in self.distill(head, student, teacher, valid).items():
                losses[f"{task}.{name}"] = weight * loss
        return losses

    def task_weight(self, model: Learner) -> float:
        """Weight of one old task."""
        return self.loss_weight / (len(model.old_tasks) if self.average_tasks else 1)

    def compared(self, head: DenseHead, step: Step, target: Tensor) -> tuple[Tensor, Tensor]:
        """The student's map of a task and the teacher's; by default prediction and target."""
        return head.activate(head(step.feats), step.size), target

    def teacher_of(self, step: Step) -> TeacherOutputs:
        """The teacher's outputs for a step.

        Raises:
            RuntimeError: If the step has none.
        """
        if step.teacher is None:
            raise RuntimeError(
                f"method {type(self).__name__} needs the teacher's outputs of a step; make it by "
                "model.make_step(inputs, samples, with_teacher=True)"
            )
        return step.teacher

    def targets(self, teacher: TeacherOutputs) -> dict[str, Tensor]:
        """The ``teacher`` argument of :meth:`distill` by task: by default the pseudo labels."""
        return teacher.labels

    @abstractmethod
    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Unweighted losses of one old task.

        Args:
            head: The task's head.
            student: The student's prediction ``(N, K, H, W)``.
            teacher: The teacher's pseudo label.
            valid: ``(N, H, W)`` bool, pixels that count.
        """
