"""A segmentor whose heads follow the checkpoint that it loads."""

from __future__ import annotations

import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule, ModuleDict
from mmseg.registry import MODELS
from torch import nn

from ...checkpoints.weights import DISTILLER_PREFIX, HEAD_PREFIX, stored_tasks
from ...explaining import first_few
from ..teachers import misfits, surplus


class GrowsOnLoad(BaseModule):
    """Base of a segmentor with one head per task, whose heads follow the loaded checkpoint.

    Heads that the checkpoint contains and the config names are added before their weights are read,
    so tools without any notion of tasks load the checkpoint of any phase. A head that the
    checkpoint lacks keeps its initial weights, or is removed with ``follow_checkpoint``.

    Attributes:
        backbone: The encoder.
        heads: The heads that exist, by task.
        head_cfgs: Config of every head that the sequence needs.
        new_tasks: Tasks that learn from ground truth in this phase.
        distillers: Modules that the method trains beside the model in this phase.
        follow_checkpoint: Whether the checkpoint decides which tasks exist.
        unfilled: Reason by name of each weight that the last checkpoint did not fill and that was
            not trained since.
    """

    backbone: nn.Module
    heads: ModuleDict
    head_cfgs: dict[str, dict]
    new_tasks: list[str]
    distillers: nn.Module | None
    follow_checkpoint: bool
    unfilled: dict[str, str] = {}

    def _build_head(self, task: str) -> nn.Module:
        try:
            return MODELS.build(dict(self.head_cfgs[task]))
        except ValueError as error:
            raise ValueError(f"model.heads.{task}: {error}") from error

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Add the checkpoint's heads before their weights are read.

        Both torch and mmengine call this before they descend into the children.
        """
        start = prefix + HEAD_PREFIX
        stored = stored_tasks(state_dict, prefix)
        encoder = self.backbone.state_dict()
        if stored and not any(f"{prefix}backbone.{key}" in state_dict for key in encoder):
            raise ValueError(
                "no weight of the checkpoint's encoder fits model.backbone "
                f"({type(self.backbone).__name__}): it is of another architecture; the config in "
                "the folder of its phase builds its model"
            )
        if self.follow_checkpoint and stored and not stored & set(self.head_cfgs):
            raise ValueError(
                f"the checkpoint has the tasks {sorted(stored)}, but model.heads names "
                f"{sorted(self.head_cfgs)}: none in common"
            )
        for task in self.head_cfgs:
            if task in stored and task not in self.heads:
                self._grow(task)
        if self.follow_checkpoint and stored:
            for task in [task for task in self.heads.keys() if task not in stored]:
                text = f"the checkpoint has no head for task {task!r}: left out, not measured"
                print_log(text, "current", logging.WARNING)
                del self.heads[task]
                self.new_tasks = [name for name in self.new_tasks if name != task]
        unknown = sorted(stored - set(self.head_cfgs))
        if unknown:
            print_log(
                f"the checkpoint has heads that model.heads does not name: {unknown}",
                "current",
                logging.WARNING,
            )
        for task in self.heads.keys() if stored else ():
            if task not in stored:  # it keeps its initial weights, without a warning by mmengine
                print_log(f"task {task!r} is new: its head starts from scratch", "current")
                for key, value in self.heads[task].state_dict().items():
                    state_dict[f"{start}{task}.{key}"] = value
        same_phase = stored >= set(self.heads.keys())
        self._keep_distillers(state_dict, prefix + DISTILLER_PREFIX, same_phase)
        self._note_unfilled(state_dict, prefix, stored)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _note_unfilled(self, state_dict: dict[str, Any], prefix: str, stored: set[str]) -> None:
        """Note the weights that the checkpoint does not fill, which mmengine only logs.

        Training may start from such a checkpoint. With ``follow_checkpoint`` the model is meant for
        testing, and weights that are not filled would stay random.
        """
        state = {key[len(prefix) :]: value for key, value in state_dict.items()}
        new = [f"{HEAD_PREFIX}{task}." for task in self.heads.keys() if task not in stored]
        own = self.state_dict()
        self.unfilled = {
            key: why
            for key, why in misfits(own, state).items()
            if not key.endswith("num_batches_tracked")  # older torch has none
        }
        self.unfilled.update(
            (key, "not in the checkpoint") for key in own if stored and key.startswith(tuple(new))
        )
        wrong = dict(self.unfilled)
        wrong.update((key, "the config's model has no such weight") for key in surplus(own, state))
        if stored and wrong and self.follow_checkpoint:
            raise ValueError(
                "the checkpoint does not fit the config's model: "
                + first_few(f"{key}: {why}" for key, why in wrong.items())
            )

    def check_filled(self) -> None:
        """Check that a loaded checkpoint has filled all weights.

        Raises:
            ValueError: Naming the weights that the checkpoint did not fill and nothing trained.
        """
        if self.unfilled:
            raise ValueError(
                "the model was loaded from a checkpoint that does not fill it, and was not trained "
                "since; its metrics would be those of random weights: "
                + first_few(f"{key}: {why}" for key, why in self.unfilled.items())
            )

    def _keep_distillers(self, state_dict: dict[str, Any], start: str, same_phase: bool) -> None:
        """Adapt a checkpoint's distillers to this model, so that mmengine reports no mismatch.

        Distillers belong to one phase: they are loaded only when that phase is resumed.
        """
        own = {} if self.distillers is None else self.distillers.state_dict()
        for key in [key for key in state_dict if key.startswith(start)]:
            if not same_phase or key[len(start) :] not in own:
                del state_dict[key]
        for key, value in own.items():
            state_dict.setdefault(start + key, value)

    def _grow(self, task: str) -> None:
        reference = next(self.backbone.parameters())
        self.heads[task] = self._build_head(task).to(reference).train(self.training)
        if self.follow_checkpoint:
            self.new_tasks = [*self.new_tasks, task]
        print_log(f"the checkpoint has a head for task {task!r}: added", "current")
