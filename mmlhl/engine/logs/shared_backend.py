"""A wrapper that shares one of mmengine's backends among all phases of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.visualization.vis_backend import BaseVisBackend
from torch import nn


class SharedBackend(BaseVisBackend):
    """Forwards the events of all phases with one step count, until the sequence closes it.

    Each phase has its own runner and visualizer, which count from zero, write the config, and
    close all backends at the end. Through this wrapper the backend sees a single training.

    Args:
        backend: The real backend.
        cfg: The sequence's config.
        resumed: Whether the sequence is resumed.

    Attributes:
        backend: The real backend, whose other attributes can be read from this object.
        phase: Number of the present phase, from 1.
        offset: Steps of all phases before it.
    """

    #: whether the number of the phase is added to all scalars, not only to those of training
    marks_all = False

    def __init__(self, backend: BaseVisBackend, cfg: Config, resumed: bool) -> None:
        super().__init__(getattr(backend, "_save_dir", None) or "")
        self.backend = backend
        self.phase = 0
        self.offset = 0
        self._env_initialized = True
        self._open(cfg, resumed)

    def __getattr__(self, name: str) -> Any:
        if name == "backend":  # not set yet
            raise AttributeError(name)
        return getattr(self.backend, name)

    def _init_env(self) -> None:
        """Nothing to do: the real backend initialises itself."""

    @property
    def experiment(self) -> Any:
        """The real backend's experiment object."""
        return self.backend.experiment

    # -- called by a phase's visualizer ----------------------------------------------------
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Do nothing: the sequence's config is written once."""

    def add_graph(self, model: nn.Module, data_batch: Any, **kwargs: Any) -> None:
        """Forward a graph."""
        self.backend.add_graph(model, data_batch, **kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Forward an image."""
        self.backend.add_image(name, image, self.offset + step, **kwargs)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Forward a scalar."""
        self.backend.add_scalar(name, value, self.offset + step, **kwargs)

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Forward scalars; those of a training step with the number of the phase.

        mmengine's ``file_path`` names a second file per phase, which is not written.
        """
        marked = self.marks_all or "iter" in scalar_dict
        mark = dict(phase=self.phase) if marked else {}
        self.write({**scalar_dict, **mark}, self.offset + step)

    def close(self) -> None:
        """Do nothing: the next phase uses the same backend."""

    # -- called by the sequence --------------------------------------------------------------
    def _open(self, cfg: Config, resumed: bool) -> None:
        self._give_config(cfg)

    @master_only
    def _give_config(self, cfg: Config) -> None:
        self.backend.add_config(cfg)

    def write(self, scalars: dict, step: int) -> None:
        """Forward scalars unchanged, with the sequence's step."""
        self.backend.add_scalars(scalars, step)

    def rewind(self, step: int) -> None:
        """Discard what was logged after a step, which a resumed sequence repeats."""

    def lacks(self, tag: str, step: int) -> bool:
        """Whether a value is known to be missing."""
        return False

    def flush(self) -> None:
        """Flush what was logged."""

    def finish(self) -> None:
        """Close the real backend."""
        self.backend.close()
