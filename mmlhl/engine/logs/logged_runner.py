"""mmengine's runner, logging into the files of a sequence."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any

from mmengine.config import ConfigDict
from mmengine.hooks import Hook, LoggerHook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import LogProcessor, Runner
from mmengine.visualization import Visualizer
from mmseg.registry import HOOKS

from ...import_noise import WithoutLine
from ...instances import close_files, forget_instance
from ...registered import names_class
from ..phases.quiet_init import quiet_init
from .phase_log import PhaseLog
from .uploading import OPTIONS

if TYPE_CHECKING:
    from typing_extensions import Self

HOOK = "ProgressHook"


class LoggedRunner(Runner):
    """A mmengine ``Runner`` that logs into the files of a sequence.

    With a ``log``, lines go into the sequence's log and scalars into its event files; environment,
    config, hooks and initialisation are not repeated in each phase; validations are logged by
    iteration, like losses.

    Args:
        *args: Arguments of mmengine's runner.
        log: Log of the phase that it trains or tests; None logs as mmengine does.
        **kwargs: Keyword arguments of mmengine's runner.
    """

    def __init__(self, *args: Any, log: PhaseLog | None = None, **kwargs: Any) -> None:
        self.log = log
        super().__init__(*args, **kwargs)

    @classmethod
    def from_cfg(cls, cfg: Any, log: PhaseLog | None = None) -> Self:
        """Build from a config."""
        return Runner.from_cfg.__func__(partial(cls, log=log), cfg)

    # -- lines -----------------------------------------------------------------------------
    def build_logger(
        self, log_level: int | str = "INFO", log_file: str | None = None, **kwargs: Any
    ) -> MMLogger:
        """As in mmengine, into the sequence's log."""
        if self.log is None:
            return super().build_logger(log_level, log_file, **kwargs)
        logger = super().build_logger(log_level, log_file or self.log.file, **kwargs)
        self.log.hide_replaced_lines(logger)
        return logger

    def build_log_processor(self, log_processor: Any) -> Any:
        """As in mmengine, with the phase in each line."""
        inner: LogProcessor = super().build_log_processor(log_processor)
        return inner if self.log is None else self.log.processor(inner)

    def _log_env(self, env_cfg: dict) -> None:
        if self.log is None:
            super()._log_env(env_cfg)

    def get_hooks_info(self) -> str:
        """As in mmengine, but only once per sequence."""
        text = super().get_hooks_info()
        return text if self.log is None else self.log.hooks(text)

    def _init_model_weights(self) -> None:
        model = self.model.module if is_model_wrapper(self.model) else self.model
        later = self.log is not None and not self.log.first
        with quiet_init(model) if later else nullcontext():
            super()._init_model_weights()

    # -- events ------------------------------------------------------------------------------
    def build_visualizer(self, visualizer: Any = None) -> Visualizer:
        """As in mmengine, with the sequence's backends."""
        if self.log is None or isinstance(visualizer, Visualizer):
            return super().build_visualizer(visualizer)
        backends = self.log.backends(visualizer)
        own = ConfigDict(visualizer or dict(type="mmengine.Visualizer"))
        own["vis_backends"] = None
        built = super().build_visualizer(own)
        built._vis_backends = dict(backends)
        return built

    def register_hooks(
        self, default_hooks: dict | None = None, custom_hooks: list | None = None
    ) -> None:
        """As in mmengine, and the hook that shows progress."""
        if self.log is None:
            super().register_hooks(default_hooks, custom_hooks)
            return
        hooks = {"logger": dict(type="LoggerHook"), **(default_hooks or {})}
        hooks = {name: _by_iteration(hook) for name, hook in hooks.items()}
        super().register_hooks(hooks, [_by_iteration(hook) for hook in custom_hooks or []])
        self.register_hook(dict(type=f"mmseg.{HOOK}", log=self.log))

    # -- weights -----------------------------------------------------------------------------
    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict:
        """As in mmengine; the log names the student, as the teacher loads the same file."""
        if self.log is None:
            return super().load_checkpoint(filename, *args, **kwargs)
        how = "goes on from" if self._resume else "starts from"
        self.logger.info(f"{self.log.label}: the student {how} {filename}")
        with redirect_stdout(WithoutLine(sys.stdout, "Loads checkpoint by ")):
            return super().load_checkpoint(filename, *args, **kwargs)

    def release(self) -> None:
        """Release workers, log files and mmengine's named instances."""
        # Otherwise garbage collection waits 5 s for each persistent worker of a dropped loader.
        for loop in (self._train_loop, self._val_loop, self._test_loop):
            if hasattr(loop, "dataloader_iterator"):
                loop.dataloader_iterator = None
            if hasattr(loop, "dataloader"):
                loop.dataloader._iterator = None
        self.visualizer.close()
        close_files(self.logger)
        for made in (self.logger, self.message_hub, self.visualizer):
            forget_instance(made)


def _by_iteration(hook: Hook | dict | None) -> Hook | dict | None:
    """A logger hook's config that logs validations by iteration, and does not upload files."""
    if isinstance(hook, dict) and names_class(HOOKS, hook, LoggerHook):
        kept = {key: value for key, value in hook.items() if key not in OPTIONS}
        return {**kept, "log_metric_by_epoch": False}
    return hook
