"""mmengine's checkpoint hook, changed so that a complete checkpoint always exists."""

from __future__ import annotations

import logging
import os
import os.path as osp
import re
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..checkpoint_files import STOPPED, note_checkpoint, noted, of_training, training_name


class _LateRemoval:
    """A file backend that delays removals until the replacements are written."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.waiting: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["backend"], name)

    def remove(self, path: str) -> None:
        self.waiting.append(path)

    rmtree = remove

    def remove_now(self, keep: set[str | None]) -> None:
        for path in self.waiting:
            if path not in keep and self.backend.isfile(path):
                self.backend.remove(path)
            elif path not in keep and self.backend.isdir(path):
                self.backend.rmtree(path)
        self.waiting = []


@HOOKS.register_module()
class PhaseCheckpointHook(CheckpointHook):
    """Replaces mmengine's ``CheckpointHook`` in the phases of a sequence.

    - A checkpoint is removed (``max_keep_ckpts``, ``save_best``) after its successor is written,
      not before; what a killed training did not remove goes when it is resumed.
    - The state of every process is stored, see :class:`RankStateHook`.
    - ``last_checkpoint`` and the paths of the best checkpoints follow the work dir when it is
      moved: a copied sequence neither resumes from nor removes files of the original.

    Args:
        **kwargs: As in mmengine.
    """

    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Set up the folder, and the paths of an interrupted training's checkpoints in it."""
        super().before_train(runner)
        self.file_backend = _LateRemoval(self.file_backend)
        info = runner.message_hub.runtime_info
        for key in [key for key in info if key == "last_ckpt" or key.startswith("best_ckpt")]:
            if isinstance(info[key], str):
                here = self.file_backend.join_path(self.out_dir, osp.basename(info[key]))
                runner.message_hub.update_info(key, here)
        if getattr(self, "best_ckpt_path", None):
            self.best_ckpt_path = runner.message_hub.get_info("best_ckpt")
        for name, path in getattr(self, "best_ckpt_path_dict", {}).items():
            if path:
                found = runner.message_hub.get_info(f"best_ckpt_{name}")
                self.best_ckpt_path_dict[name] = found
        if runner._resume and is_main_process():
            self._remove_older(runner)
            self._remove_other_best(runner)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        runner.call_hook("before_checkpoint")
        super()._save_checkpoint_with_step(runner, step, meta)
        if is_main_process():
            note_checkpoint(runner.work_dir, str(self.last_ckpt))
            self._remove_superseded(runner)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        if is_main_process():
            self.file_backend.remove_now(self._kept())

    def _kept(self) -> set[str | None]:
        best = [getattr(self, "best_ckpt_path", None)]
        best += getattr(self, "best_ckpt_path_dict", {}).values()
        return {self.last_ckpt, *best}

    def _remove_older(self, runner: Runner) -> None:
        """Remove what was superseded by the resumed checkpoint when the training was killed."""
        if self.max_keep_ckpts <= 0 or not runner._load_from:
            return
        names = self._noted(runner)
        resumed = osp.basename(runner._load_from)
        kept = {self.filename_tmpl.format(step) for step in self.keep_ckpt_ids}
        if resumed not in kept:
            return
        # it is not noted if the training was killed just before; then all others are older
        for name in names[: names.index(resumed)] if resumed in names else names:
            path = osp.join(self.out_dir, name)
            if name not in kept and osp.isfile(path):
                os.remove(path)

    @property
    def _pattern(self) -> str:
        """The names of this hook's checkpoints, as a regular expression."""
        return re.sub(r"\\{[^{}]*\\}", r"\\d+", re.escape(self.filename_tmpl))

    def _noted(self, runner: Runner) -> list[str]:
        """Names of this hook's checkpoints and of those of requests to stop, oldest first."""
        names = map(osp.basename, noted(runner.work_dir))
        own = re.compile(f"{STOPPED}.*|{self._pattern}")
        return [name for name in names if own.fullmatch(name)]

    def _remove_other_best(self, runner: Runner) -> None:
        """Remove this training's best checkpoints but those that the resumed checkpoint names.

        A killed training may have written a new one without removing the old one, or without a
        checkpoint that names the new one, which is then written again.
        """
        single = len(self.key_indicators or ()) == 1 if self.save_best else False
        for name in self.key_indicators if self.save_best else ():
            best = runner.message_hub.runtime_info.get("best_ckpt" + ("" if single else f"_{name}"))
            if best and not osp.isfile(best):  # any other one may be the only one
                continue
            start = "best_.+_" if name == "auto" else re.escape(f"best_{name}_".replace("/", "_"))
            pattern = start + self._pattern
            for file in sorted(os.listdir(self.out_dir)) if osp.isdir(self.out_dir) else ():
                path = osp.join(self.out_dir, file)
                if file == osp.basename(best or "") or not re.fullmatch(pattern, file):
                    continue
                if of_training(path, training_name(runner.work_dir)):
                    os.remove(path)
                    print_log(
                        f"resume: removed {path}, the resumed checkpoint's best is "
                        f"{osp.basename(best) if best else 'not known yet'}",
                        "current",
                        logging.WARNING,
                    )

    def _remove_superseded(self, runner: Runner) -> None:
        """Remove superseded checkpoints, also those that a killed process did not remove."""
        self.file_backend.remove_now(self._kept())
        if self.max_keep_ckpts <= 0:
            return
        kept = {self.filename_tmpl.format(step) for step in self.keep_ckpt_ids}
        for name in self._noted(runner):
            path = self.file_backend.join_path(self.out_dir, name)
            if name not in kept and self.file_backend.isfile(path):
                self.file_backend.backend.remove(path)
            # those of a request to stop are in the work dir, whatever the out_dir
            stopped = osp.join(runner.work_dir, name)
            if name.startswith(STOPPED) and osp.isfile(stopped):
                os.remove(stopped)
