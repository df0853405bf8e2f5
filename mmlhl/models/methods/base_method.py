"""What a method that keeps old tasks may do, and what it is given."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from torch import Tensor, nn

from .protocols import Learner, PhaseRunner
from .step import Step


class BaseMethod:
    """A method of lifelong learning: what is added to the loss of the new tasks.

    A method is not a module: what it stores is no part of the model that is published. What it
    trains comes from :meth:`build_modules`. The phase hook keeps its state in checkpoints beside
    the model, calls :meth:`begin_phase` after the previous phase's weights are loaded and
    :meth:`end_phase` after the last step.
    """

    #: a frozen copy of the previous phase's model is needed
    needs_teacher: bool = False
    #: the teacher's predictions are needed beside its pseudo labels
    needs_teacher_predictions: bool = False
    #: the teacher's raw maps, as its decoders give them, are needed
    needs_teacher_maps: bool = False
    #: the pseudo labels of the phase's own images are all that it takes from the teacher, so that
    #: they may be stored once; see ``pseudo_labels`` in the documentation of configs
    takes_stored_labels: bool = False
    #: old heads take part in the loss; otherwise they are frozen with what they know
    trains_old_heads: bool = False
    #: what it keeps belongs to the encoder's weights, so no phase may bring another encoder
    needs_same_encoder: bool = False

    def build_modules(self, model: Learner) -> nn.Module | None:
        """What the method trains beside the model in this phase, if anything.

        Called once, at the end of the model's constructor, and kept as ``model.distillers``: the
        optimiser, distributed wrappers and checkpoints see it. No parameter of it may go without
        a gradient. It is left out of what is published and starts anew in the next phase.
        """
        return None

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Named losses of this step that keep old tasks, weighted."""
        return {}

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Refuse a phase that cannot be trained by this method.

        Called for each phase before the first one is trained, with models that were only built.

        Args:
            model: The phase's model.
            runner: Length and optimiser of the phase.
            previous: The model of the phase before, if that has the same method.

        Raises:
            ValueError: Naming the key of the config.
        """

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Training begins, or goes on after an interruption: the weights are loaded.

        They are the previous phase's only if nothing was interrupted. What the method remembers of
        that phase belongs into :meth:`end_phase` and :meth:`state_dict`.
        """

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """The last step is taken; measure and store what later phases need."""

    @property
    def edits_gradients(self) -> bool:
        """Whether :meth:`edit_gradients` does anything; it wants one optimiser."""
        return type(self).edit_gradients is not BaseMethod.edit_gradients

    @property
    def edits_weights(self) -> bool:
        """Whether :meth:`edit_weights` does anything; it wants one optimiser."""
        return type(self).edit_weights is not BaseMethod.edit_weights

    def edit_gradients(self, model: Learner) -> None:
        """Change ``.grad`` in place, right before the optimiser's step."""

    def edit_weights(self, model: Learner) -> None:
        """Change weights in place, right after the optimiser's step."""

    def warn_without_state(self, model: Learner, found: bool) -> None:
        """Warn if there are old tasks and nothing is known of their phases."""
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
        """Number of images of earlier phases that are kept."""
        return 0

    def state_dict(self) -> dict:
        """What has to survive a checkpoint: tensors, numbers, strings, lists and dicts."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Take :meth:`state_dict` back."""
