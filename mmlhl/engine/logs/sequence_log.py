"""One log, one set of event files and one live display for all phases of a sequence."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Mapping, Sequence
from logging.handlers import MemoryHandler
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.logging import MMLogger

from ...evaluation import LifelongRecord
from ...instances import close_files, forget_instance
from ..environment import environment, machine
from ..phases.checking.progress_options import progress_options
from ..phases.deriving import RECORD
from ..phases.grammar import Phase
from .files import ENVIRONMENT, EVENTS, LOG, has_environment, move_old_logs
from .known_backends import name_of, share
from .live import LiveProgress
from .moment import Plan, beginning
from .phase_log import PhaseLog
from .shared_backend import SharedBackend
from .uploading import wanted_upload

#: backends of mmengine's default visualizer
DEFAULT_BACKENDS = [dict(type="LocalVisBackend")]
#: prefix of the metrics at a phase's end
AFTER_PHASE = "after_phase"
LINE = "-" * 60


class SequenceLog:
    """The log of a sequence; only the first process writes and draws.

    Until it is opened, lines go to the terminal and are buffered for the file, so that a config
    that is refused leaves no files behind.

    Attributes:
        plan: The steps of the sequence, as far as they are known.
        live: The live display.
        resumed: Whether an earlier log is continued.
    """

    def __init__(self, cfg: Config, phases: Sequence[Phase]) -> None:
        options = progress_options(cfg)
        self._upload = wanted_upload(cfg)
        self.cfg = cfg
        self.plan = Plan(list(phases), [None] * len(phases))
        self.live = LiveProgress(options["interval"])
        self.resumed = False
        self.hooks: str | None = None
        self._draws = options["live"] and is_main_process()
        self._level = cfg.get("log_level") or "INFO"
        self._backends: dict[str, SharedBackend] = {}
        self._rewound = True
        self._logger = self._new_logger()
        self._waiting = MemoryHandler(1_000_000, flushLevel=logging.CRITICAL + 1)
        self._waiting.setLevel(self._level)
        self._logger.handlers.append(self._waiting)

    def __enter__(self) -> SequenceLog:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._note(f"ends early: {type(error).__name__} {error}".rstrip())
        self.close()

    def _note(self, text: str) -> None:
        """Write a line only into the file; the terminal shows the exception itself."""
        for handler in self._logger.handlers:
            if isinstance(handler, logging.FileHandler):
                name, level = self._logger.name, logging.WARNING
                handler.handle(self._logger.makeRecord(name, level, "", 0, text, (), None))

    @property
    def file(self) -> str:
        """Path of the log file."""
        return osp.join(self.cfg.work_dir, LOG)

    def _new_logger(self, file: str | None = None) -> MMLogger:
        name = osp.abspath(self.cfg.work_dir)
        # mmengine's current logger is the one created last
        return MMLogger.get_instance(name, log_file=file, log_level=self._level, file_mode="a")

    # -- the whole sequence ----------------------------------------------------------------
    def open(self, steps: Sequence[int | None], done: int) -> None:
        """Open the files, and write the buffered lines."""
        goes_on = bool(self.cfg.get("resume"))
        aside = None
        if is_main_process() and not goes_on:
            aside = move_old_logs(self.cfg.work_dir)
        self.plan.steps = list(steps)
        self.resumed = goes_on and osp.exists(osp.join(self.cfg.work_dir, EVENTS))
        self._rewound = not self.resumed
        forget_instance(self._logger)
        self._logger = self._new_logger(self.file)
        for handler in self._logger.handlers:
            if isinstance(handler, logging.FileHandler):
                self._waiting.setTarget(handler)
        self._waiting.close()
        if self._draws:
            self.live.start()
            self.live.hide_replaced_lines(self._logger)
        if aside is not None:
            self._logger.info(f"earlier logs of this folder are now in {aside}")
        if is_main_process():
            self._describe(goes_on)
        self.backends(self.cfg.get("visualizer"))
        if self.resumed and done:
            self._catch_up(done)

    def _describe(self, goes_on: bool) -> None:
        """Log environment and config once; for a resumed sequence only the versions."""
        if not _shows(self._logger, logging.INFO):
            return
        if goes_on and has_environment(self.cfg.work_dir):
            versions = ", ".join(f"{name} {value}" for name, value in environment().items())
            self._logger.info(f"resumed, with {versions}")
            return
        self._logger.info(environment_text(self.cfg))
        self._logger.info(f"Config:\n{self.cfg.pretty_text}")

    def backends(self, visualizer: Any) -> dict[str, SharedBackend]:
        """The backends of a visualizer's config, each built once for all phases.

        Raises:
            ValueError: If two backends have one name.
        """
        given = visualizer if isinstance(visualizer, Mapping) else {}
        configs = given.get("vis_backends", None if given else DEFAULT_BACKENDS) or []
        configs = [configs] if isinstance(configs, Mapping) else configs
        folder = osp.join(given.get("save_dir") or self.cfg.work_dir, EVENTS)
        found: dict[str, SharedBackend] = {}
        for config in configs:
            name = name_of(config)
            if name in found:
                raise ValueError(
                    f"visualizer.vis_backends: {name!r} is listed twice; give one a name"
                )
            key = name if not isinstance(config, Mapping) else f"{folder} {sorted(config.items())}"
            if key not in self._backends:
                self._backends[key] = share(config, folder, self.cfg, self.resumed)
            found[name] = self._backends[key]
        return found

    def flush(self) -> None:
        """Flush all event files."""
        for backend in self._backends.values():
            backend.flush()

    def close(self) -> None:
        """Close all files, and remove the display."""
        self.live.stop()
        for backend in self._backends.values() if is_main_process() else ():
            try:
                backend.finish()
            except Exception as error:  # a failing service must not fail a finished training
                name = type(backend.backend).__name__
                self._logger.warning(f"{name} could not be closed: {type(error).__name__} {error}")
        self._backends = {}
        self._waiting.close()
        close_files(self._logger)
        forget_instance(self._logger)

    # -- phases ------------------------------------------------------------------------------
    def begin(self, phase: Phase) -> PhaseLog:
        """Begin a phase."""
        self.place(phase.index)
        log = PhaseLog(self, phase)
        self._logger.info(f"{log.label} begins")
        self.live.show(lambda: beginning(self.plan, phase.index), last=True)
        return log

    def end(self, log: PhaseLog) -> None:
        """Write the metrics after a phase, and note its number of steps."""
        index = log.phase.index
        self.plan.steps[index] = log.steps
        self._write(log.metrics, index)
        self.flush()
        if self._upload is not None and is_main_process():
            try:
                self._upload.run(self.cfg.work_dir)
            except Exception as error:  # copies must not end a training; the next phase tries again
                why = f"{type(error).__name__} {error}"
                self._logger.warning(f"the log was not copied to {self._upload.folder}: {why}")

    def rewind(self, step: int) -> None:
        """In a resumed sequence, discard events of steps that are going to be repeated.

        Args:
            step: Step of the sequence, the last one to keep.
        """
        if not self._rewound and is_main_process():
            for backend in self._backends.values():
                backend.rewind(step)
        self._rewound = True

    def place(self, index: int) -> None:
        """Let the backends count steps from the beginning of a phase."""
        for backend in self._backends.values():
            backend.phase, backend.offset = index + 1, self.plan.offset(index)

    def _write(self, metrics: Mapping[str, float], index: int) -> None:
        """Write the metrics after a phase, at its last step."""
        tags = {f"{AFTER_PHASE}/{name}": value for name, value in metrics.items()}
        if tags and is_main_process():
            for backend in self._backends.values():
                backend.write(tags, self.plan.offset(index + 1))

    def _catch_up(self, done: int) -> None:
        """Write the last phase's metrics, if the sequence was killed before writing them."""
        record = LifelongRecord.load(osp.join(self.cfg.work_dir, RECORD))
        metrics = {
            f"{task}/{name}": entry["values"][done - 1]
            for task, entries in record.metrics.items()
            for name, entry in entries.items()
            if len(entry["values"]) >= done and entry["values"][done - 1] is not None
        }
        step = self.plan.offset(done)
        tags = [f"{AFTER_PHASE}/{name}" for name in metrics]
        if any(each.lacks(tag, step) for each in self._backends.values() for tag in tags):
            self._write(metrics, done - 1)


def environment_text(cfg: Config) -> str:
    """A description of machine and environment in mmengine's form."""
    found = machine()
    runtime = {
        **(cfg.get("env_cfg") or {}),
        **(cfg.get("randomness") or {}),
        "launcher": cfg.get("launcher", "none"),
        "processes": get_world_size(),
    }
    system, run = (
        "\n".join(f"    {key}: {value}" for key, value in part.items()) for part in (found, runtime)
    )
    return f"\n{LINE}\n{ENVIRONMENT}\n{system}\n\nRuntime environment:\n{run}\n{LINE}\n"


def _shows(logger: logging.Logger, level: int) -> bool:
    return any(handler.level <= level for handler in logger.handlers)
