"""LwF: pixel-wise distillation, all pixels weighted equally."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor

from ..losses import pixel_mean
from .distillation import DistillationMethod
from .pixel_maps import per_pixel
from .protocols import DenseHead, Learner, PhaseRunner
from .step import Step, TeacherOutputs


@MODELS.register_module()
class LwF(DistillationMethod):
    """Learning without forgetting (Li & Hoiem, 2016), carried over to dense prediction.

    Pixel-wise distillation on the same pseudo labels and distances as HAD, every pixel with
    the same weight: no balancing, no salience. By default it omits two things that the authors do:
    classes are distilled by the teacher's decision, not by its softened probabilities, and
    everything is trained from the first step on. Their variant is ``temperature=2`` with a
    ``warmup``.

    Args:
        loss_weight: lambda, as in :class:`DistillationMethod`.
        average_tasks: Likewise.
        temperature: None distils pseudo labels. A number T distils classes by the cross-entropy
            of both probabilities to the power 1/T, brought to sum one again (the authors take 2,
            without a factor T^2); output spaces without classes have no temperature and stay. A
            head of classes of your own needs a ``soft_distance`` for it; a warning says so.
        warmup: How long only the heads of the new tasks are trained in a phase with old tasks.
            Running statistics of batch normalisation go on meanwhile.
        warmup_by_epoch: ``warmup`` counts epochs; iterations if False.
        train_old_heads: As in :class:`DistillationMethod`.

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
    ) -> None:
        super().__init__(loss_weight, average_tasks, train_old_heads)
        if temperature is not None and not temperature > 0:
            raise ValueError(f"LwF: temperature must be None or > 0, got {temperature}")
        if not isinstance(warmup, int) or warmup < 0:
            raise ValueError(f"LwF: warmup must be a whole number >= 0, got {warmup}")
        self.temperature = temperature
        self.needs_teacher_predictions = temperature is not None
        self.takes_stored_labels = self.takes_stored_labels and temperature is None
        self.warmup, self.warmup_by_epoch = warmup, warmup_by_epoch
        self.warmup_iters = 0
        self.iters = 0

    # -- warm-up -----------------------------------------------------------------------------
    @property
    def edits_gradients(self) -> bool:
        """Only a warm-up does."""
        return self.warmup > 0

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Find out how many iterations the warm-up has.

        Raises:
            ValueError: If the phase has no more, so that the encoder would never learn.
        """
        super().begin_phase(model, runner)
        LwF.check_phase(self, model, runner)
        self.warmup_iters = self._warmup_iters(model, runner)

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """As :meth:`begin_phase`, before any phase is trained.

        Raises:
            ValueError: If the warm-up lasts for the whole phase.
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
        """While the warm-up lasts, let all but the new heads rest, whatever the optimiser."""
        if self.iters > self.warmup_iters:
            return
        new = {id(p) for task in model.new_tasks for p in model.heads[task].parameters()}
        for parameter in model.parameters():
            if id(parameter) not in new:
                parameter.grad = None  # and not zero, which Adam and weight decay would step by

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """The next phase warms up from its own first step."""
        super().end_phase(model, runner)
        self.iters = 0

    def state_dict(self) -> dict:
        """Iterations of this phase, if they matter."""
        state = super().state_dict()
        return {**state, "iters": self.iters} if self.warmup else state

    def load_state_dict(self, state: dict) -> None:
        """Take :meth:`state_dict` back."""
        super().load_state_dict(state)
        self.iters = int(state.get("iters", 0))

    # -- distillation ------------------------------------------------------------------------
    def targets(self, teacher: TeacherOutputs) -> dict[str, Tensor]:
        """The teacher's pseudo labels, or its predictions if there is a temperature."""
        return teacher.labels if self.temperature is None else teacher.predictions

    def distill(
        self, head: DenseHead, student: Tensor, teacher: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Mean distance over an image's pixels, mean over the batch."""
        if self.temperature is None:
            what, distance = "distance", head.distance(student, teacher)
        else:
            what = "soft_distance"
            distance = head.soft_distance(student, teacher, self.temperature)
        distance = per_pixel(head, what, distance, valid.shape)
        return {"loss_lwf": pixel_mean(distance, valid).mean()}
