"""Storing facts about the training in checkpoints, and comparing them when one is loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from mmseg.registry import HOOKS
from torch import nn

from ...checkpoints import stored_tasks, to_plain, weights_of
from ...checkpoints.training import INPUT, keys_of_field
from ...datasets.transforms.trials.batches import watch_batches
from ...evaluation.kinds import tell_fields
from ...explaining import first_few
from ...models.teachers import describe_input, misfits, model_config, surplus
from ..learner import unwrap
from ..measured_tasks import check_measured
from ..phases.grammar import learning_model
from ..phases.kept_files import check_kept
from ..phases.trials.preprocessor import try_in_tests
from ..training_facts import foreign_training, names_of, other_kinds, other_model


@HOOKS.register_module()
class TrainingFactsHook(Hook):
    """Stores normalisation, channel order and classes in checkpoints, and compares them.

    If they differ from the config's, it is an error in a test, where metrics would be wrong, and a
    warning in training, which can start from such a checkpoint. In a test, weights that are
    missing, have another shape or are left over are an error as well; mmengine only logs them. So
    are heads of another kind, and a test that measures nothing. Differing options of encoder and
    heads, and learned tasks that are not measured, are a warning.

    It also lets augmentations of batches be checked while they run.
    """

    # after all hooks that add to a checkpoint, so that its whole meta becomes plain data
    priority = "LOWEST"

    def __init__(self) -> None:
        self._given: dict[str, Any] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the checkpoint's facts with the config.

        Raises:
            ValueError: In a test, naming both values and the line that fixes the config.
        """
        source = f"the checkpoint {runner._load_from or ''}".strip()
        loop = runner._test_loop if _tests(runner) else runner._train_loop
        names = names_of(loop)
        if not _tests(runner):
            names = _continued(_model(runner), checkpoint, names)
            if getattr(getattr(runner, "log", None), "first", False):  # of a sequence
                _drop_other_heads(_model(runner), checkpoint, source)
        different = foreign_training(_model(runner), checkpoint, source, names, runner.cfg)
        if _tests(runner):
            different = different or other_kinds(runner.cfg, checkpoint, source)
            if different:
                raise ValueError(different)
            self._given = weights_of(checkpoint)
            others = other_model(runner.cfg, checkpoint, source)
            if others:
                print_log(others, "current", logging.WARNING)
        elif different:
            print_log(different, "current", logging.WARNING)

    def before_train(self, runner: Runner) -> None:
        """Let ``batch_augments`` be checked; warn if a teacher is unlike its checkpoint."""
        watch_batches(getattr(_model(runner), "data_preprocessor", None))
        teacher: Any = (learning_model(runner.cfg) or {}).get("teacher")
        if not isinstance(teacher, Mapping) or teacher.get("config") is None:
            return
        file = teacher.get("checkpoint")
        if not isinstance(file, str):
            return
        loaded = CheckpointLoader.load_checkpoint(file, "cpu", logger="silent")
        own = dict(model=model_config(teacher["config"]))
        others = other_model(own, loaded, f"teacher.checkpoint={file!r}")
        if others:
            print_log(others, "current", logging.WARNING)

    def before_val(self, runner: Runner) -> None:
        """Check that no prediction would replace a file of the dataset.

        Raises:
            ValueError: Naming the file.
        """
        tell_fields(runner.val_loop.evaluator, _model(runner))
        _check_kept(runner.val_loop)

    def before_test(self, runner: Runner) -> None:
        """Check that the checkpoint has filled the model, and that its tasks are measured.

        Raises:
            ValueError: Naming the first weights that are missing, have another shape or are left
                over; or if no task would be measured, a prediction replace a file of the dataset,
                or images be moved by the data preprocessor.
        """
        tell_fields(runner.test_loop.evaluator, _model(runner))
        _check_kept(runner.test_loop)
        try_in_tests(getattr(_model(runner), "data_preprocessor", None))
        if self._given is None:
            return
        check_measured(_model(runner), runner.test_loop)
        own = _model(runner).state_dict()
        wrong = {
            key: why
            for key, why in misfits(own, self._given).items()
            if not key.endswith("num_batches_tracked") and not key.startswith("auxiliary_head.")
        }
        for key in surplus(own, self._given):
            wrong[key] = "the config's model has no such weight"
        self._given = None
        if wrong:
            raise ValueError(
                f"the checkpoint {runner._load_from} does not fit the config's model: "
                + first_few(f"{key}: {why}" for key, why in wrong.items())
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the preprocessing of images, and turn the meta into plain data.

        A checkpoint that is not meant for resuming, such as a phase's final model, consists of
        plain data and tensors only: it loads with torch's ``weights_only`` without mmlhl.
        """
        preprocessor = getattr(_model(runner), "data_preprocessor", None)
        if preprocessor is not None:
            checkpoint["meta"][INPUT] = describe_input(preprocessor)
        lost: list[str] = []
        checkpoint["meta"] = to_plain(checkpoint["meta"], lost=lost)
        if lost:
            print_log(f"left out of the checkpoint: {'; '.join(lost)}", "current", logging.WARNING)
        if "optimizer" not in checkpoint:  # not for resuming, so it needs no message hub
            checkpoint.pop("message_hub", None)


def _check_kept(loop: Any) -> None:
    """See :func:`check_kept`; loops of others may lack an evaluator or a dataset."""
    dataset = getattr(getattr(loop, "dataloader", None), "dataset", None)
    check_kept(getattr(loop, "evaluator", None), dataset)


def _drop_other_heads(model: Any, checkpoint: dict, source: str) -> None:
    """Remove the heads of tasks that a training does not have yet, which would never be trained."""
    if not hasattr(model, "new_tasks"):
        return
    state = checkpoint.get("state_dict", checkpoint)
    others = sorted(stored_tasks(weights_of(checkpoint)) - set(model.heads.keys()))
    for task in others:
        start = (f"heads.{task}.", f"module.heads.{task}.")
        for key in [key for key in state if key.startswith(start)]:
            del state[key]
    if others:
        text = f"{source}: its heads of {others} are not used, only of {list(model.heads.keys())}"
        print_log(text, "current")


def _continued(model: Any, checkpoint: dict, names: dict[str, Any]) -> dict[str, Any]:
    """The names of tasks that the checkpoint has learned and that this training goes on with.

    Its images need not have the classes or units of other tasks.
    """
    if not hasattr(model, "new_tasks"):
        return names
    stored = stored_tasks(weights_of(checkpoint))
    fields = [model.heads[task].field for task in model.new_tasks if task in stored]
    keys = {key for field in fields for key in keys_of_field(field)}
    return {key: value for key, value in names.items() if key in keys}


def _model(runner: Runner) -> nn.Module:
    model: Any = unwrap(runner)
    return model.module if isinstance(model, BaseTTAModel) else model


def _tests(runner: Runner) -> bool:
    return not isinstance(runner._train_loop, BaseLoop)  # a config unless it trains
