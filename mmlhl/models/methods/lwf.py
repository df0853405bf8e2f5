"""LwF: pixel-wise distillation, all pixels weighted equally."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import ABOVE_0, check_option, or_none, whole
from ..losses import pixel_mean
from .distillation import DistillationMethod
from .pixel_maps import per_pixel
from .protocols import DenseHead, Learner, PhaseRunner
from .step import Step, TeacherOutputs
from .stored_state import whole_number


@MODELS.register_module()
class LwF(DistillationMethod):
    """Learning without forgetting (Li & Hoiem, 2016), adapted to dense prediction.

    Pixel-wise distillation with the same pseudo labels and distances as HAD, all pixels weighted
    equally: no balancing, no salience. Unlike the original, by default the target of classes is the
    teacher's decision instead of its softened probabilities, and everything is trained from the
    first step on. The authors' variant is ``temperature=2`` with a ``warmup``.

    Args:
        loss_weight: lambda, as in :class:`DistillationMethod`.
        average_tasks: Likewise.
        temperature: None distils pseudo labels. A number T distils classes by the cross-entropy
            of both probabilities to the power 1/T, renormalised (the authors use 2, without a
            factor T^2); output spaces without classes are distilled as before. Your own head of
            classes needs a ``soft_distance`` for it, otherwise a warning is logged.
        warmup: Epochs or iterations at the start of a phase with old tasks in which only the new
            heads are trained. Running BN statistics are updated meanwhile.
        warmup_by_epoch: Whether ``warmup`` counts epochs instead of iterations.
        train_old_heads: As in :class:`DistillationMethod`.
        teachers: Likewise.

    Raises:
        ValueError: If the temperature is not positive, or ``warmup`` negative.
    """

    def __init__(
        self,
        loss_weight: float = 3.0,
        average_tasks: bool = True,
        temperature: float | None = None,
        warmup: int = 0,
        warmup_by_epoch: bool = True,
        train_old_heads: bool = True,
        teachers: str = "last",
    ) -> None:
        super().__init__(loss_weight, average_tasks, train_old_heads, teachers)
        check_option(temperature, or_none(ABOVE_0), "LwF: temperature")
        check_option(warmup, whole(0), "LwF: warmup")
        self.temperature = temperature
        self.needs_teacher_predictions = temperature is not None
        self.takes_stored_labels = self.takes_stored_labels and temperature is None
        self.warmup, self.warmup_by_epoch = warmup, warmup_by_epoch
        self.warmup_iters = 0
        self.iters = 0

    # -- warm-up -----------------------------------------------------------------------------
    @property
    def edits_gradients(self) -> bool:
        """True if there is a warm-up, which removes gradients."""
        return self.warmup > 0

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Compute the length of the warm-up.

        Raises:
            ValueError: If it takes the whole phase, so that the encoder would never be trained.
        """
        super().begin_phase(model, runner)
        LwF.check_phase(self, model, runner)
        self.warmup_iters = self._warmup_iters(model, runner)

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check the length of the warm-up, and that heads of classes support the temperature.

        Raises:
            ValueError: If the warm-up takes the whole phase.
        """
        super().check_phase(model, runner, previous)
        for task in model.old_tasks if self.temperature is not None else ():
            head = model.heads[task]
            if head.num_classes is not None and not head.has_temperature:
                print_log(
                    f"model.method.temperature={self.temperature} has no effect on task {task!r}: "
                    f"{type(head).__name__} defines no soft_distance",
                    "current",
                    logging.WARNING,
                )
        self._warmup_iters(model, runner)

    def _warmup_iters(self, model: Learner, runner: PhaseRunner) -> int:
        if not self.warmup or not model.old_tasks:
            return 0
        iters = self.warmup * (len(runner.train_dataloader) if self.warmup_by_epoch else 1)
        if iters >= runner.max_iters:
            raise ValueError(
                f"model.method.warmup={self.warmup} is {iters} iterations, and the phase of "
                f"{model.new_tasks} has only {runner.max_iters}: all but the new heads would never "
                "be trained"
            )
        return iters

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Distillation losses of every old task; counts the iterations of the warm-up."""
        self.iters += 1
        return super().losses(model, step)

    def edit_gradients(self, model: Learner) -> None:
        """During the warm-up, remove all gradients but those of the new heads."""
        if self.iters > self.warmup_iters:
            return
        new = {id(p) for task in model.new_tasks for p in model.heads[task].parameters()}
        for parameter in model.parameters():
            if id(parameter) not in new:
                parameter.grad = None  # Adam and weight decay would still move it with a zero

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Reset the count of iterations for the next phase's warm-up."""
        super().end_phase(model, runner)
        self.forget_phase()

    def forget_phase(self) -> None:
        """Reset the count of iterations."""
        super().forget_phase()
        self.iters = 0

    def state_dict(self) -> dict:
        """The number of iterations in this phase, if there is a warm-up."""
        state = super().state_dict()
        return {**state, "iters": self.iters} if self.warmup else state

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        super().load_state_dict(state)
        self.iters = whole_number(state, "iters") if "iters" in state else 0

    # -- distillation ------------------------------------------------------------------------
    def targets(self, teacher: TeacherOutputs) -> dict[str, Tensor]:
        """The teacher's pseudo labels, or its predictions if there is a temperature."""
        return teacher.labels if self.temperature is None else teacher.predictions

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Mean distance over each image's pixels, averaged over the batch."""
        if self.temperature is None:
            what, distance = "distance", head.distance(student, teacher)
        else:
            what = "soft_distance"
            distance = head.soft_distance(student, teacher, self.temperature)
        distance = per_pixel(head, what, distance, valid.shape)
        return {"loss_lwf": pixel_mean(distance, valid).mean()}
