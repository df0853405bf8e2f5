"""What makes a training run a phase: the teacher, the method's ends, and the record."""

from __future__ import annotations

import logging
import os
import os.path as osp
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.dist import (
    all_reduce_params,
    barrier,
    get_world_size,
    is_main_process,
)
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import HOOKS
from torch import nn
from torch.optim import Optimizer

from ...checkpoints import weights_of
from ...models.methods import BaseMethod
from ...models.segmentors import LifelongSegmentor
from ...models.teachers import build_teacher, first_few, misfits, model_config
from ..recording import add_to_record

METHOD_KEY = "lifelong_method"
SECONDS_KEY = "phase_seconds"


@HOOKS.register_module()
class LifelongPhaseHook(Hook):
    """Runs one phase around mmengine's training loop.

    :class:`~mmlhl.engine.runners.LifelongRunner` adds it to the config of each phase. It also
    serves a plain ``Runner``, for adding one task to one checkpoint: name the tasks in
    ``model.tasks`` and ``model.new_tasks``, the checkpoint in ``load_from``, and this hook in
    ``custom_hooks``.

    - Before training: builds the teacher from the previous checkpoint's file, tells the method
      that a phase begins, and checks that the optimiser has every trainable parameter.
    - After training: tells the method that the phase ends, saves ``<name>.pth``, evaluates all
      tasks seen so far on the test set, and adds a phase to the record.
    - In checkpoints: keeps the method's state, and the classes of earlier phases' datasets.

    Args:
        name: name of the phase; the new tasks' names if None.
        teacher_checkpoint: checkpoint at the end of the previous phase; the config's
            ``load_from`` if None.
        teacher_model: config of the teacher's model where it differs from the student's.
        record: file of the record; ``<work_dir>/lifelong.json`` if None.
    """

    # after EMAHook, which copies the model, so that the copy never carries a teacher
    priority = "LOW"

    def __init__(
        self,
        name: str | None = None,
        teacher_checkpoint: str | None = None,
        teacher_model: dict | None = None,
        record: str | None = None,
    ) -> None:
        self.name = name
        self.teacher_checkpoint = teacher_checkpoint
        self.teacher_model = teacher_model
        self.record = record
        self._dataset_meta: dict = {}
        self._loaded = False
        self._started = 0.0
        self._seconds_before = 0.0
        self._step_hooks: list = []

    # -- before ----------------------------------------------------------------------------
    def before_run(self, runner: Runner) -> None:
        """Check the model, and find the previous checkpoint while the config still names it.

        Raises:
            TypeError: if the model is no LifelongSegmentor.
            ValueError: if the method needs a teacher and none is known, or what ``load_from``
                names is where mmengine goes on from and no teacher.
        """
        model = unwrap(runner)
        if not isinstance(model, LifelongSegmentor):
            raise TypeError(f"LifelongPhaseHook needs a LifelongSegmentor, got {type(model)}")
        self.name = self.name or "_".join(model.new_tasks)
        taught = model.old_tasks and model.method.needs_teacher
        if taught and runner._resume and runner._load_from and not self.teacher_checkpoint:
            raise ValueError(
                f"with resume, mmengine goes on from load_from={runner._load_from!r}, so it cannot "
                "name the previous phase's model as well: name that one in this hook's "
                "teacher_checkpoint, and leave load_from out to go on from the work_dir's newest"
            )
        self.teacher_checkpoint = self.teacher_checkpoint or runner._load_from
        if taught and not self.teacher_checkpoint:
            raise ValueError(
                f"{type(model.method).__name__} keeps {model.old_tasks} with the help of the "
                "previous phase's model: name its checkpoint in load_from, or in this hook's "
                "teacher_checkpoint"
            )

    def before_train(self, runner: Runner) -> None:
        """Set the teacher, begin the phase, check the optimiser. The weights are loaded."""
        model = unwrap(runner)
        check_optimizer(model, runner)
        if model.old_tasks and self.teacher_checkpoint and not self._loaded:
            # a new encoder takes no weights, but what the method remembers goes on
            self._take(runner, CheckpointLoader.load_checkpoint(self.teacher_checkpoint, "cpu"))
        if model.old_tasks and model.method.needs_teacher:
            outer = runner.cfg.get("data_preprocessor")  # mmengine gives it to the student, too
            config = self.teacher_model or runner.cfg.model
            config = model_config(dict(model=config, data_preprocessor=outer))
            teacher = build_teacher(config, self.teacher_checkpoint, model.old_tasks)
            model.set_teacher(teacher.to(next(model.parameters()).device))
        model.method.begin_phase(model, runner)
        self._watch_steps(model, runner)
        self._started = time.time()

    def _watch_steps(self, model: nn.Module, runner: Runner) -> None:
        """Let the method edit each step, on reduced and unscaled gradients, whatever wraps them.

        Torch hooks on the optimiser and none on the loop: a step that mixed precision skips, or
        that gradient accumulation puts off, is no step.
        """
        method = model.method
        edits_gradients = type(method).edit_gradients is not BaseMethod.edit_gradients
        edits_weights = type(method).edit_weights is not BaseMethod.edit_weights
        if not (edits_gradients or edits_weights):
            return
        optimizer, *others = optimizers(runner)
        if others:
            raise ValueError(
                f"{type(method).__name__} edits each step of the whole model, so optim_wrapper has "
                f"to hold one optimiser, not {1 + len(others)}"
            )
        if edits_gradients:
            hook = optimizer.register_step_pre_hook(lambda *_: method.edit_gradients(model))
            self._step_hooks.append(hook)
        if edits_weights:
            hook = optimizer.register_step_post_hook(lambda *_: method.edit_weights(model))
            self._step_hooks.append(hook)

    # -- checkpoints -------------------------------------------------------------------------
    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give the method its state back, be it from this phase or the previous one.

        Raises:
            ValueError: if the head of an old task is lacking or has another shape, and the method
                would freeze it as it is.
        """
        self._loaded = True
        check_old_heads(unwrap(runner), checkpoint.get("state_dict", checkpoint))
        self._take(runner, checkpoint)
        if runner._resume:
            self._seconds_before = checkpoint["meta"].get(SECONDS_KEY, 0.0)

    def _take(self, runner: Runner, checkpoint: dict) -> None:
        method = unwrap(runner).method
        state = dict(checkpoint.get(METHOD_KEY) or {})
        name = state.pop("method", type(method).__name__)
        if name != type(method).__name__:
            print_log(
                f"the checkpoint has what {name} remembers, of which {type(method).__name__} can "
                "make no use: left out",
                "current",
                logging.WARNING,
            )
        elif state:
            method.load_state_dict(state)
        self._dataset_meta = (checkpoint.get("meta") or {}).get("dataset_meta") or {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the method's state; keep classes that this phase's dataset does not know."""
        method = unwrap(runner).method
        state = method.state_dict()
        if state:
            checkpoint[METHOD_KEY] = dict(state, method=type(method).__name__)
        checkpoint["meta"][SECONDS_KEY] = self._seconds
        meta = checkpoint["meta"].get("dataset_meta") or {}
        if "classes" not in meta:
            checkpoint["meta"]["dataset_meta"] = {**meta, **self._dataset_meta}

    @property
    def _seconds(self) -> float:
        """Time that the phase has taken, interruptions left out."""
        return self._seconds_before + time.time() - self._started

    # -- after -----------------------------------------------------------------------------
    def after_train(self, runner: Runner) -> None:
        """End the phase, save it, evaluate it, write the record and print it."""
        model = unwrap(runner)
        for hook in self._step_hooks:
            hook.remove()
        if get_world_size() > 1:
            # BN statistics differ by rank; what the method measures, the file, and what is
            # evaluated must be the same
            floats = [b for b in model.buffers() if b.is_floating_point()]
            all_reduce_params(floats, op="mean")
        with averaged_weights(runner):
            model.method.end_phase(model, runner)
        model.set_teacher(None)
        seconds = self._seconds
        checkpoint = save_atomically(runner, f"{self.name}.pth")
        metrics = {}
        if runner._test_loop is None:
            print_log("no test_dataloader: the record gets no figures", "current")
        else:
            metrics = runner.test_loop.run()
        path = self.record or osp.join(runner.work_dir, "lifelong.json")
        add_to_record(path, runner, model, self.name, model.new_tasks, checkpoint, seconds, metrics)
        barrier()  # the next phase reads what rank 0 wrote


def unwrap(runner: Runner) -> nn.Module:
    """The runner's model without its distributed wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@contextmanager
def averaged_weights(runner: Runner) -> Iterator[None]:
    """The weights that the checkpoint gets: with an ``EMAHook`` the averages, as it tests them."""
    hooks = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    for hook in hooks:
        hook.before_test_epoch(runner)
    try:
        yield
    finally:
        for hook in hooks:
            hook.after_test_epoch(runner)


def check_old_heads(model: nn.Module, state: dict) -> None:
    """A head that learns nothing in this phase has to come from the checkpoint as a whole.

    Raises:
        ValueError: naming the first weights that the checkpoint lacks or has in another shape.
    """
    if model.method.trains_old_heads:
        return
    state = weights_of(state)
    for task in model.old_tasks:
        own = {f"heads.{task}.{k}": v for k, v in model.heads[task].state_dict().items()}
        lost = misfits(own, state)
        if lost:
            raise ValueError(
                f"{type(model.method).__name__} leaves the head of {task!r} as it is, but the "
                f"checkpoint cannot fill {len(lost)} of its weights: keep model.heads.{task}, or "
                "use a method that distils (HAD, LwF); "
                + first_few(f"{key}: {why}" for key, why in lost.items())
            )


def optimizers(runner: Runner) -> list[Optimizer]:
    """The runner's optimisers, one or, in an ``OptimWrapperDict``, several."""
    wrapper = runner.optim_wrapper
    several = isinstance(wrapper, OptimWrapperDict)
    return [each.optimizer for each in (wrapper.values() if several else [wrapper])]


def check_optimizer(model: nn.Module, runner: Runner) -> None:
    """Every trainable parameter has to be in the optimiser.

    A head that is added after the optimiser was built would silently never be trained.

    Raises:
        RuntimeError: naming the first parameters that are not.
    """
    held = {
        id(parameter)
        for optimizer in optimizers(runner)
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    lost = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if lost:
        raise RuntimeError(
            f"the optimiser does not have {len(lost)} trainable parameters, such as {lost[:3]}: "
            "name the tasks in model.tasks, so that their heads exist when the optimiser is built"
        )


def save_atomically(runner: Runner, filename: str) -> str:
    """Save the model without optimiser into ``work_dir``; never leaves half a file.

    Returns:
        Path of the checkpoint.
    """
    path = osp.join(runner.work_dir, filename)
    runner.save_checkpoint(
        runner.work_dir, f"{filename}.tmp", save_optimizer=False, save_param_scheduler=False
    )
    if is_main_process():
        os.replace(f"{path}.tmp", path)
    return path
