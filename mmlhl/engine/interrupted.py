"""The message after Ctrl-C: what is saved, and the command that continues."""

from __future__ import annotations

import os
import os.path as osp
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mmengine.config import Config
from mmengine.runner import find_latest_checkpoint

from ..evaluation import LifelongRecord
from .phases.deriving import RECORD
from .phases.grammar import read_phases
from .progress import checkpoint_of

#: a shell's exit code for a process ended by Ctrl-C
EXIT_CODE = 130


@contextmanager
def stopping_on_ctrl_c(cfg: Config, command: Sequence[str]) -> Iterator[None]:
    """Let Ctrl-C end a training with a short message instead of a traceback.

    Raises:
        SystemExit: With 130, in place of KeyboardInterrupt.
    """
    try:
        yield
    except KeyboardInterrupt:
        with _ending_at_once():
            if os.environ.get("RANK", "0") == "0":
                print(f"\nInterrupted. {saved(cfg)}\n{going_on(command)}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from None


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """End the process silently on Ctrl-C in the context: it has been pressed before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def saved(cfg: Config) -> str:
    """Describe what is saved in a ``work_dir``: finished phases and the newest checkpoint."""
    if "phases" not in cfg:
        newest = find_latest_checkpoint(cfg.work_dir)
        return f"Saved: {newest}." if newest and osp.isfile(newest) else "Nothing is saved yet."
    phases = read_phases(cfg)
    try:
        done = min(len(LifelongRecord.load(osp.join(cfg.work_dir, RECORD))), len(phases))
    except (FileNotFoundError, ValueError):
        done = 0
    parts = [f"phase {phase.index + 1} ({phase.name})" for phase in phases[:done]]
    text = f"Done: {', '.join(parts)} of {len(phases)}." if parts else "No phase is done yet."
    if done == len(phases):
        return text
    newest = checkpoint_of(cfg, phases[done])
    name = f"phase {done + 1} ({phases[done].name})"
    if newest is None:
        return f"{text} Of {name} nothing is saved: it begins again."
    return f"{text} Of {name}, {newest} is saved: it goes on from there."


def going_on(command: Sequence[str]) -> str:
    """A sentence with the command that continues."""
    resume = [] if {"--resume", "--resume-changed"} & set(command) else ["--resume"]
    if "RANK" in os.environ:  # the launcher's command is unknown here
        return "The same command goes on" + (" with --resume." if resume else ".")
    # in front, since --cfg-options takes everything that follows
    program = command[0].split() if command[0].startswith("mmlhl ") else ["python", command[0]]
    return f"To go on: {shlex.join([*program, *resume, *command[1:]])}"
