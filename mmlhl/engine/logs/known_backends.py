"""mmengine's backends, each with its way to continue an interrupted sequence."""

from __future__ import annotations

import copy
import inspect
import json
import os
import os.path as osp
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import is_main_process, master_only
from mmengine.utils import scandir
from mmengine.visualization import (
    LocalVisBackend,
    MLflowVisBackend,
    TensorboardVisBackend,
    WandbVisBackend,
)
from mmengine.visualization.vis_backend import BaseVisBackend
from mmseg.registry import VISBACKENDS

from ...config_values import leaves
from ...explaining import explained_error
from ...files import write_text
from ...json_lines import json_lines
from ...registered import names_class, type_name
from .files import remove_steps_after
from .shared_backend import SharedBackend

#: file with the ids of a sequence's runs at services
RUNS = "runs.json"
#: folder beside it in which MLflow keeps its runs if no service is named
MLFLOW_STORE = "mlruns"


class SharedLocal(SharedBackend):
    """``LocalVisBackend``: ``scalars.json`` gets no step and no validation twice."""

    marks_all = True
    _resumed = False

    def _open(self, cfg: Config, resumed: bool) -> None:
        self._resumed = resumed
        self._give_config(cfg)

    def write(self, scalars: dict, step: int) -> None:
        """Forward scalars, but not those of a validation that a resumed phase repeats."""
        again = self._resumed and "iter" not in scalars and self._has(scalars, step)
        if not again:
            super().write(scalars, step)

    def _has(self, scalars: Mapping[str, Any], step: int) -> bool:
        """Whether the file has the same values of a step; durations may differ."""
        kept = {key: value for key, value in scalars.items() if key not in ("time", "data_time")}
        return any(
            line.get("step") == step and all(_alike(line.get(k, ""), kept[k]) for k in kept)
            for line in json_lines(self._file)
        )

    @property
    def _file(self) -> str:
        # once the backend has begun, this is the whole path, relative if the work dir's is
        name = self.backend._scalar_save_file
        begun = osp.abspath(name).startswith(osp.abspath(self._save_dir) + os.sep)
        return name if begun else osp.join(self._save_dir, name)

    def rewind(self, step: int) -> None:
        """Remove later lines from the file."""
        remove_steps_after(self._file, step)

    def lacks(self, tag: str, step: int) -> bool:
        """Whether the file has no such value."""
        return not any(tag in line and line.get("step") == step for line in json_lines(self._file))


class SharedTensorboard(SharedBackend):
    """``TensorboardVisBackend``: a new event file, which invalidates repeated steps."""

    def _open(self, cfg: Config, resumed: bool) -> None:
        if not resumed:
            self._give_config(cfg)

    def rewind(self, step: int) -> None:
        """Invalidate the events after the step, like ``SummaryWriter(purge_step=)``."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        writer = self.experiment.file_writer
        writer.add_event(Event(step=step + 1, file_version="brain.Event:2"))
        start = SessionLog(status=SessionLog.START)
        writer.add_event(Event(step=step + 1, session_log=start))

    def flush(self) -> None:
        """Flush the writer's queue."""
        if hasattr(self.backend, "_tensorboard"):
            self.backend._tensorboard.flush()


class SharedWandb(SharedBackend):
    """``WandbVisBackend``: one run, the same after a resume; the axis of all curves is ``step``."""

    def _open(self, cfg: Config, resumed: bool) -> None:
        known = remembered(self._save_dir, "wandb") if resumed else None
        options = dict(self.backend._init_kwargs or {})
        name = options.setdefault("id", known or secrets.token_hex(4))
        options.setdefault("resume", "allow")
        self.backend._init_kwargs = options
        if self.backend._define_metric_cfg is None:
            axis = [dict(name="step"), dict(name="*", step_metric="step")]
            self.backend._define_metric_cfg = axis
        if known != name:
            self._give_config(cfg)
            remember(self._save_dir, "wandb", name)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Pass a scalar on with its step."""
        self.write({name: value}, self.offset + step)

    def write(self, scalars: dict, step: int) -> None:
        """Pass scalars on with their step, which mmengine leaves out."""
        super().write({**scalars, "step": step}, step)


class SharedMLflow(SharedBackend):
    """``MLflowVisBackend``: one run, the same after a resume."""

    def _open(self, cfg: Config, resumed: bool) -> None:
        self.backend.cfg = cfg
        if not is_main_process():
            return
        known = remembered(self._save_dir, "mlflow") if resumed else None
        service = self.experiment
        if known and service.active_run() is None:
            service.start_run(run_id=known)
        if not known:
            self._give_config(cfg)
        run = service.active_run() or service.start_run()
        remember(self._save_dir, "mlflow", run.info.run_id)

    def finish(self) -> None:
        """Upload the run's files, except for those of MLflow itself, and end the run."""
        if not hasattr(self.backend, "_mlflow"):
            return
        root = str(self.backend.cfg.work_dir)
        own = osp.relpath(self._save_dir, root)
        for name in scandir(root, self.backend._artifact_suffix, recursive=True):
            if not name.startswith(own):
                self.experiment.log_artifact(osp.join(root, name), osp.dirname(name) or None)
        self.experiment.end_run()


KINDS: dict[type[BaseVisBackend], type[SharedBackend]] = {
    LocalVisBackend: SharedLocal,
    TensorboardVisBackend: SharedTensorboard,
    WandbVisBackend: SharedWandb,
    MLflowVisBackend: SharedMLflow,
}


def share(
    config: Mapping | BaseVisBackend, folder: str, cfg: Config, resumed: bool
) -> SharedBackend:
    """Build a backend for a whole sequence.

    Raises:
        ValueError: If it cannot be opened: its package is missing, or its service refuses.
    """
    try:
        return _opened(config, folder, cfg, resumed)
    except Exception as error:  # a service may raise anything
        if place := _unwritable(cfg):  # mmengine's error is the text of the whole config
            raise ValueError(
                f"{place}, which cannot be written into the config file of the run: register it, "
                "and give its name as type"
            ) from error
        reason = f"{name_of(config)} cannot be opened: {explained_error(error)}"
        raise ValueError(f"visualizer.vis_backends: {reason}") from error


def _unwritable(cfg: Config) -> str:
    """Key and value of a function or an object in a config; empty if all can be written as text."""
    for key, value in leaves(dict(cfg.items())):
        if not inspect.isclass(value) and repr(value).startswith("<"):
            return f"{key} is {value!r}"
    return ""


def _opened(
    config: Mapping | BaseVisBackend, folder: str, cfg: Config, resumed: bool
) -> SharedBackend:
    backend: Any = config
    if not isinstance(config, BaseVisBackend):
        options = {key: copy.deepcopy(value) for key, value in config.items() if key != "name"}
        options.setdefault("save_dir", folder)
        if names_class(VISBACKENDS, options, MLflowVisBackend):
            # MLflow takes every folder of its store for an experiment: WandB's is a traceback
            store = Path(options["save_dir"], MLFLOW_STORE).absolute()
            options["tracking_uri"] = options.get("tracking_uri") or store.as_uri()
        backend = VISBACKENDS.build(options)
    kind = next((KINDS[base] for base in KINDS if isinstance(backend, base)), SharedBackend)
    return kind(backend, cfg, resumed)


def _alike(one: Any, other: Any) -> bool:
    """Whether two scalars are equal; NaN, of a metric that was not measured, equals NaN."""
    both_nan = isinstance(one, float) and one != one and bool(np.all(other != other))
    return both_nan or np.array_equal(one, other)


def name_of(config: Mapping | BaseVisBackend) -> str:
    """The name of a backend in a visualizer."""
    if isinstance(config, BaseVisBackend):
        return type(config).__name__
    return str(config.get("name") or type_name(config))


def remembered(folder: str, service: str) -> str | None:
    """The stored id of a sequence's run at a service; None if there is none."""
    try:
        with open(osp.join(folder, RUNS), encoding="utf-8") as file:
            return json.load(file).get(service)
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


@master_only
def remember(folder: str, service: str, run: str) -> None:
    """Store the id of a sequence's run at a service."""
    found = {name: remembered(folder, name) for name in ("wandb", "mlflow")}
    found = {name: value for name, value in {**found, service: run}.items() if value}
    write_text(osp.join(folder, RUNS), json.dumps(found, indent=1) + "\n")
