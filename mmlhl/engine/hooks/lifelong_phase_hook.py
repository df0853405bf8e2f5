"""A method in a phase: its teacher, its events and step edits, its state in checkpoints."""

from __future__ import annotations

import logging
import os.path as osp
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import HOOKS
from torch.utils.hooks import RemovableHandle

from ...checkpoints import CheckpointError
from ...checkpoints.checksums import weights_digest
from ...checkpoints.training import joined_names
from ...checkpoints.weights import METHOD_KEY
from ...datasets.pseudo_labels import LabelFolder
from ...explaining import explained_error
from ...models.teachers import build_committee, build_teacher, model_config
from ..checkpoint_files import BEGAN_KEY
from ..edited_rates import take_new_rates
from ..labelling import label_phase, release_labels
from ..learner import average_buffers, averaged_weights, has_phases, unwrap
from ..phases.handover import check_memory, check_old_heads, check_same_model
from ..phases.stored_labels import check_method_takes, label_options
from .phase_result_hook import PhaseResultHook
from .step_edits import check_optimizer, watch_steps
from .training_facts_hook import TrainingFactsHook


@HOOKS.register_module()
class LifelongPhaseHook(Hook):
    """Runs a method through one phase of mmengine's training loop.

    :class:`~mmlhl.engine.runners.LifelongRunner` adds it to the config of each phase, together
    with :class:`PhaseResultHook`. It also works in a plain ``Runner``, for adding one task to one
    checkpoint: name the tasks in ``model.tasks`` and ``model.new_tasks``, the checkpoint in
    ``load_from``, and this hook in ``custom_hooks``. If that list has no ``PhaseResultHook``, one
    with its default options is added.

    - Before training: builds the teacher from the previous checkpoint's file, calls the method's
      ``begin_phase``, and checks that the optimiser has every trainable parameter.
    - With stored pseudo labels: the teacher labels the phase's images and is released.
    - After training: calls the method's ``end_phase`` and releases the teacher.
    - In checkpoints: stores the method's state, the classes of earlier phases' datasets, and which
      model the phase began with.

    Args:
        teacher_checkpoint: Checkpoint at the end of the previous phase; the config's
            ``load_from`` if None.
        teacher_model: Config of the teacher's model if it differs from the student's.
        earlier: The earlier phases, for a method with ``teachers="first"``: dicts of
            ``checkpoint``, ``tasks``, and ``model`` if it differs from the student's.
        pseudo_labels: With ``dict(stored=True)`` the teacher labels the phase's images once, to
            disk; see :class:`~mmlhl.engine.phases.LabelOptions`.
        name: Deprecated, an option of :class:`PhaseResultHook`.
        record: Likewise.
    """

    # after EMAHook, which copies the model, so that the copy has no teacher
    priority = "LOW"

    def __init__(
        self,
        teacher_checkpoint: str | None = None,
        teacher_model: dict | None = None,
        earlier: Sequence[Mapping[str, Any]] = (),
        pseudo_labels: dict | None = None,
        name: str | None = None,
        record: str | None = None,
    ) -> None:
        self.teacher_checkpoint = teacher_checkpoint
        self.teacher_model = teacher_model
        self.earlier = list(earlier)
        self.labels = label_options(pseudo_labels, "LifelongPhaseHook: ")
        self._folder: LabelFolder | None = None
        self._result = {k: v for k, v in (("name", name), ("record", record)) if v is not None}
        if self._result:
            warnings.warn(
                f"{', '.join(self._result)} of LifelongPhaseHook: write "
                f"dict(type='PhaseResultHook', ...) into custom_hooks and give it to that hook",
                DeprecationWarning,
                stacklevel=2,
            )
        self._dataset_meta: dict = {}
        self._began: str | None = None
        self._loaded = False
        self._in_phase = False
        self._step_hooks: list[RemovableHandle] = []

    # -- before ----------------------------------------------------------------------------
    def before_run(self, runner: Runner) -> None:
        """Check the model, and find the previous checkpoint while the config still names it.

        Raises:
            TypeError: If the model is not a LifelongSegmentor.
            ValueError: If the method needs a teacher and none is given, or if ``load_from`` names
                the checkpoint to resume from and so cannot name the teacher.
        """
        model = unwrap(runner)
        if not has_phases(model):
            raise TypeError(f"LifelongPhaseHook needs a LifelongSegmentor, got {type(model)}")
        if not any(isinstance(hook, PhaseResultHook) for hook in runner.hooks):
            runner.register_hook(PhaseResultHook(**self._result))
        if not any(isinstance(hook, TrainingFactsHook) for hook in runner.hooks):
            runner.register_hook(TrainingFactsHook())
        has_teacher = model.old_tasks and model.method.needs_teacher
        if has_teacher and runner._resume and runner._load_from and not self.teacher_checkpoint:
            raise ValueError(
                f"with resume, mmengine goes on from load_from={runner._load_from!r}, so it cannot "
                "name the previous phase's model as well: name that one in this hook's "
                "teacher_checkpoint, and leave load_from out to go on from the work_dir's newest"
            )
        self.teacher_checkpoint = self.teacher_checkpoint or runner._load_from
        if has_teacher and not self.teacher_checkpoint:
            raise ValueError(
                f"{type(model.method).__name__} keeps {model.old_tasks} with the help of the "
                "previous phase's model: name its checkpoint in load_from, or in this hook's "
                "teacher_checkpoint"
            )
        taught = [task for phase in self.earlier for task in phase["tasks"]]
        if has_teacher and model.method.teachers == "first" and set(model.old_tasks) - set(taught):
            raise ValueError(
                f"model.method.teachers='first' needs the models that learned {model.old_tasks}: "
                "list them in this hook's earlier=[dict(checkpoint=..., tasks=[...]), ...]"
            )
        if model.old_tasks and self.labels.stored:
            check_method_takes(model.method)

    def before_train(self, runner: Runner) -> None:
        """Check the optimiser, set the teacher and begin the phase; the weights are loaded."""
        model = unwrap(runner)
        check_optimizer(model, runner)
        if self.teacher_checkpoint and osp.isfile(self.teacher_checkpoint):
            self._began = weights_digest(self.teacher_checkpoint)
        if model.old_tasks and self.teacher_checkpoint and not self._loaded:
            # with a new encoder no weights are loaded, but the method's state still is
            file = self.teacher_checkpoint
            print_log(f"the method's memory is loaded from {file}", "current")
            self._take(runner, CheckpointLoader.load_checkpoint(file, "cpu", logger="silent"), file)
        if model.old_tasks and model.method.needs_teacher and self.teacher_checkpoint:
            outer = runner.cfg.get("data_preprocessor")  # mmengine gives it to the student, too
            own = runner.cfg.model
            if model.method.teachers == "first":
                teacher = build_committee(self.earlier, own, outer)
            else:
                config = dict(model=self.teacher_model or own, data_preprocessor=outer)
                file = self.teacher_checkpoint
                teacher = build_teacher(model_config(config), file, model.old_tasks)
            teacher = teacher.to(next(model.parameters()).device)
            model.stored_labels = self.labels.stored
            if self.labels.stored:
                self._folder = label_phase(runner, model, teacher, self.labels)
            else:
                model.set_teacher(teacher)
        model.method.begin_phase(model, runner)
        self._in_phase = True
        self._step_hooks = watch_steps(model, runner)

    # -- checkpoints -------------------------------------------------------------------------
    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the method's state, from this phase or the previous one.

        Raises:
            ValueError: If the head of an old task is missing or has another shape, and the method
                would freeze it; if an interrupted phase would be resumed with another model.
        """
        self._loaded = True
        if runner._resume:
            check_same_model(unwrap(runner), checkpoint.get("state_dict", checkpoint))
        else:
            check_old_heads(unwrap(runner), checkpoint.get("state_dict", checkpoint))
        self._take(runner, checkpoint, runner._load_from or "the checkpoint")
        if runner._resume and runner.cfg.get("resume_changed"):
            take_new_rates(runner, checkpoint)
        if runner._resume:
            # avoid mmengine's warning if only classes of earlier phases' datasets differ
            own = getattr(runner.train_dataloader.dataset, "metainfo", None) or {}
            joined = self._joined(runner, own)
            if all(repr(self._dataset_meta.get(k)) == repr(v) for k, v in joined.items()):
                checkpoint["meta"]["dataset_meta"] = own

    def _take(self, runner: Runner, checkpoint: dict, file: str = "the checkpoint") -> None:
        method = unwrap(runner).method
        stored = checkpoint.get(METHOD_KEY)
        if not isinstance(stored, (Mapping, type(None))):
            raise CheckpointError(f"{file}: {METHOD_KEY} is a {type(stored).__name__}, not a dict")
        state = dict(stored or {})
        name = state.pop("method", type(method).__name__)
        unfinished = state.pop("unfinished", None)
        if name != type(method).__name__:
            print_log(
                f"the checkpoint has the memory of {name}, which {type(method).__name__} cannot "
                "use: it is left out",
                "current",
                logging.WARNING,
            )
        elif state:
            try:
                method.load_state_dict(state)
            except Exception as error:  # a method of one's own may raise anything
                raise CheckpointError(
                    f"{file}: what {name} remembers ({METHOD_KEY}) is damaged or not of this "
                    f"method: {explained_error(error)}"
                ) from error
        if unfinished and not runner._resume:
            method.forget_phase()
            print_log(
                f"the checkpoint was saved before the phase of {unfinished} ended, when {name} "
                "measures and stores what later phases need: start from the model that the phase "
                "saved at its end, <name>.pth, or these tasks are less protected",
                "current",
                logging.WARNING,
            )
        self._dataset_meta = (checkpoint.get("meta") or {}).get("dataset_meta") or {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the method's state, and the classes of earlier phases' datasets."""
        method = unwrap(runner).method
        state = method.state_dict()
        if state:
            state = dict(state, method=type(method).__name__)
            if self._in_phase:
                state["unfinished"] = list(unwrap(runner).new_tasks)
            checkpoint[METHOD_KEY] = state
        if self._in_phase and self._began is not None:
            checkpoint["meta"][BEGAN_KEY] = self._began
        meta = checkpoint["meta"].get("dataset_meta") or {}
        checkpoint["meta"]["dataset_meta"] = self._joined(runner, meta)

    def _joined(self, runner: Runner, meta: Mapping[str, Any]) -> dict[str, Any]:
        """A dataset's meta information, with the classes and units of the old tasks' data."""
        model = unwrap(runner)
        fields = [model.heads[task].field for task in model.old_tasks]
        return joined_names(meta, self._dataset_meta, fields)

    # -- after -----------------------------------------------------------------------------
    def after_train(self, runner: Runner) -> None:
        """End the phase: the method measures and stores, the teacher is released."""
        model = unwrap(runner)
        for hook in self._step_hooks:
            hook.remove()
        average_buffers(runner)  # the method, the checkpoint and the evaluation use the same ones
        with averaged_weights(runner):
            model.method.end_phase(model, runner)
        check_memory(model.method)
        self._in_phase = False
        model.set_teacher(None)

    def after_run(self, runner: Runner) -> None:
        """Release the stored labels, as the phase is recorded."""
        if self._folder is not None:
            unwrap(runner).stored_labels = False
            release_labels(runner, self._folder, self.labels)
