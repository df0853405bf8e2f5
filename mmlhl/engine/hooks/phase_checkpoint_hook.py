"""mmengine's checkpoint hook, changed so that a complete checkpoint always exists."""

from __future__ import annotations

import logging
import os
import os.path as osp
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..checkpoint_files import STOPPED, note_checkpoint, noted, of_training, training_name
from ..training_state import KEPT

#: mmengine's notes in the message hub about checkpoints to keep, which hooks would share
_NOTES = re.compile("keep_ckpt_ids|last_ckpt|best_(ckpt|score).*")


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

    def remove_now(self, is_kept: Callable[[str], bool]) -> None:
        for path in self.waiting:
            if self.backend.isfile(path) and not is_kept(path):
                self.backend.remove(path)
            elif self.backend.isdir(path) and not is_kept(path):
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
    - Of several hooks each keeps its own checkpoints, by its own best scores.

    Args:
        **kwargs: As in mmengine.
    """

    file_backend: Any

    _notes: dict[str, Any] | None = None
    _saving = False

    # -- notes -----------------------------------------------------------------------------
    @contextmanager
    def _own_notes(self, runner: Runner) -> Iterator[None]:
        """Have this hook's notes in the message hub, whatever other hooks noted there."""
        if self._saving:  # saving a best checkpoint saves the last one again
            yield
            return
        if self._notes is not None:
            info = runner.message_hub.runtime_info
            for key in [key for key in info if _NOTES.fullmatch(key)]:
                del info[key]
            for key, value in self._notes.items():
                runner.message_hub.update_info(key, value)
        self._saving = True
        try:
            yield
        finally:
            self._saving = False
            self._notes = self._noted_now(runner)

    @staticmethod
    def _noted_now(runner: Runner) -> dict[str, Any]:
        info = runner.message_hub.runtime_info
        return {key: value for key, value in info.items() if _NOTES.fullmatch(key)}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store this hook's notes by the names of its checkpoints."""
        notes = self._noted_now(runner) if self._saving else self._notes or {}
        checkpoint.setdefault(KEPT, {})[self._key(runner)] = notes

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read this hook's notes; those in the message hub may be another's."""
        if runner._resume and KEPT in checkpoint:
            self._notes = dict(checkpoint[KEPT].get(self._key(runner), {}))

    def _key(self, runner: Runner) -> str:
        """The names of this hook's checkpoints, numbered if other hooks share them."""
        number = self._of_same_names(runner).index(self)
        return f"{self.filename_tmpl}{f' {number}' if number else ''}"

    def _of_same_names(self, runner: Runner) -> list[PhaseCheckpointHook]:
        hooks = [hook for hook in runner.hooks if isinstance(hook, PhaseCheckpointHook)]
        return [hook for hook in hooks if hook.filename_tmpl == self.filename_tmpl]

    # -- files -----------------------------------------------------------------------------
    def before_train(self, runner: Runner) -> None:
        """Set up the folder, and the paths of an interrupted training's checkpoints in it."""
        if not runner._resume:
            self._notes = {}
        with self._own_notes(runner):
            self._set_up(runner)

    def _set_up(self, runner: Runner) -> None:
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
        with self._own_notes(runner):
            super()._save_checkpoint_with_step(runner, step, meta)
        if is_main_process():
            note_checkpoint(runner.work_dir, str(self.last_ckpt))
            self._remove_superseded(runner)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self._own_notes(runner):
            super()._save_best_checkpoint(runner, metrics)
        if is_main_process():
            self.file_backend.remove_now(lambda path: self._is_kept(runner, path))

    def _is_kept(self, runner: Runner, path: str) -> bool:
        """Whether a file is to stay, for this hook or another one with the same names."""
        best = [getattr(self, "best_ckpt_path", None)]
        best += getattr(self, "best_ckpt_path_dict", {}).values()
        if path in {self.last_ckpt, *best}:
            return True
        found = re.fullmatch(self._pattern, osp.basename(path))
        return found is not None and any(
            hook._keeps(int(found[1])) for hook in self._of_same_names(runner)
        )

    def _keeps(self, step: int) -> bool:
        if self.max_keep_ckpts > 0:
            before = (self._notes or {}).get("keep_ckpt_ids", ())  # another's turn comes later
            return step in getattr(self, "keep_ckpt_ids", before)
        return self.interval > 0 and (step - self.save_begin) % self.interval == 0

    def _remove_older(self, runner: Runner) -> None:
        """Remove what was superseded by the resumed checkpoint when the training was killed."""
        if self.max_keep_ckpts <= 0 or not runner._load_from:
            return
        names = self._noted(runner)
        resumed = osp.basename(runner._load_from)
        if not self._is_kept(runner, resumed):
            return
        # it is not noted if the training was killed just before; then all others are older
        for name in names[: names.index(resumed)] if resumed in names else names:
            path = osp.join(self.out_dir, name)
            if osp.isfile(path) and not self._is_kept(runner, path):
                os.remove(path)

    @property
    def _pattern(self) -> str:
        """The names of this hook's checkpoints, as a regular expression."""
        return re.sub(r"\\{[^{}]*\\}", r"(\\d+)", re.escape(self.filename_tmpl))

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
        self.file_backend.remove_now(lambda path: self._is_kept(runner, path))
        if self.max_keep_ckpts <= 0:
            return
        for name in self._noted(runner):
            path = self.file_backend.join_path(self.out_dir, name)
            if self.file_backend.isfile(path) and not self._is_kept(runner, path):
                self.file_backend.backend.remove(path)
            # those of a request to stop are in the work dir, whatever the out_dir
            stopped = osp.join(runner.work_dir, name)
            if name.startswith(STOPPED) and osp.isfile(stopped):
                os.remove(stopped)
