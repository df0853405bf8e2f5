"""The contract of methods that preserve old tasks."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from torch import Tensor, nn

from .protocols import Learner, PhaseRunner
from .step import Step


class BaseMethod:
    """A method of lifelong learning: adds losses, and more, to the training of the new tasks.

    A method is not a module, so its state is not part of the published model. Modules that it
    trains come from :meth:`build_modules`. The phase hook stores its state in checkpoints beside
    the model, calls :meth:`begin_phase` after the previous phase's weights are loaded and
    :meth:`end_phase` after the last step.
    """

    #: whether it needs a frozen copy of the previous phase's model
    needs_teacher: bool = False
    #: whether it needs the teacher's pseudo labels, at the size of the input
    needs_teacher_labels: bool = True
    #: whether it needs the teacher's predictions in addition to its pseudo labels
    needs_teacher_predictions: bool = False
    #: whether it needs the raw maps of the teacher's decoders
    needs_teacher_maps: bool = False
    #: which model teaches an old task: the ``last`` phase's, or that of the phase that was the
    #: ``first`` to know it
    teachers: str = "last"
    #: whether the pseudo labels of the phase's own images are all it takes from the teacher, so
    #: that they may be stored once; see ``pseudo_labels`` in the documentation of configs
    takes_stored_labels: bool = False
    #: whether old heads take part in the loss; otherwise they are frozen
    trains_old_heads: bool = False
    #: whether its state belongs to the encoder's weights, so that no phase may replace the encoder
    needs_same_encoder: bool = False
    #: whether its edits replace a part of the optimiser's own step, such as weight decay; in a
    #: Composite they come before the edits of other methods, which then see the whole step
    completes_step: bool = False
    #: whether its end_phase changes the weights; in a Composite it comes first, so that other
    #: methods measure the weights that the next phase starts from
    settles_weights: bool = False

    def build_modules(self, model: Learner) -> nn.Module | None:
        """Modules that the method trains beside the model in this phase, or None.

        Called once, at the end of the model's constructor, and kept as ``model.distillers``, so the
        optimiser, distributed wrappers and checkpoints include them. Each of their parameters must
        get a gradient. They are not published and start anew in the next phase.
        """
        return None

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Weighted losses of this step that preserve old tasks, by name."""
        return {}

    def mark_step(self) -> None:
        """Called before a step that may be skipped: note what :meth:`losses` is about to change.

        A step of several batches may be interrupted, so :meth:`state_dict` has to hold it as well.
        """

    def undo_step(self) -> None:
        """Called if that step was skipped: restore what was noted, so that it leaves no trace."""

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Refuse a phase that this method cannot train.

        Called for each phase before the first one is trained, with models that are built but not
        trained.

        Args:
            model: The phase's model.
            runner: Has the length and the optimiser of the phase.
            previous: The model of the previous phase, if it has the same method.

        Raises:
            ValueError: Naming the key of the config.
        """

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Called when training begins or resumes, after the weights are loaded.

        After an interruption these are not the previous phase's weights, so what a method needs
        from that phase has to be stored by :meth:`end_phase` and :meth:`state_dict`.
        """

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Called after the last step: measure and store what later phases need."""

    def forget_phase(self) -> None:
        """Drop the state that serves one phase only, such as its initial weights.

        Called if a phase starts from a checkpoint that an earlier one wrote before it ended.
        """

    @property
    def edits_gradients(self) -> bool:
        """Whether :meth:`edit_gradients` is overridden; it works with one optimiser only."""
        return type(self).edit_gradients is not BaseMethod.edit_gradients

    @property
    def edits_weights(self) -> bool:
        """Whether :meth:`edit_weights` is overridden; it works with one optimiser only."""
        return type(self).edit_weights is not BaseMethod.edit_weights

    def edit_gradients(self, model: Learner) -> None:
        """Change ``.grad`` in place, right before the optimiser's step."""

    def edit_weights(self, model: Learner) -> None:
        """Change weights in place, right after the optimiser's step."""

    def warn_without_state(self, model: Learner, found: bool) -> None:
        """Warn if there are old tasks but the checkpoint has no state from their phases."""
        if model.old_tasks and not found:
            print_log(
                f"{type(self).__name__}: the checkpoint holds nothing from the phases of "
                f"{model.old_tasks} (it was trained without {type(self).__name__}); they are not "
                "protected in this phase",
                "current",
                logging.WARNING,
            )

    @property
    def exemplars(self) -> int:
        """Number of stored images of earlier phases."""
        return 0

    def state_dict(self) -> dict:
        """State to store in checkpoints: tensors, numbers, strings, lists and dicts."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
