"""A backend of mmengine that lives through all phases of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.visualization.vis_backend import BaseVisBackend
from torch import nn


class SharedBackend(BaseVisBackend):
    """Passes on what the phases log, with one count of steps, until the sequence closes it.

    Each phase has a runner and a visualizer of its own, which begin to count at zero, write the
    config down, and close all backends at their end. With this in between, the backend sees one
    training.

    Args:
        backend: The real one.
        cfg: The sequence's config.
        resumed: Whether the sequence goes on.

    Attributes:
        backend: The real one, whose other attributes can be read from here as well.
        phase: Number of the present phase, from 1.
        offset: Steps of all phases before it.
    """

    #: whether validations carry the phase, too, at the step of a training line
    marks_all = False

    def __init__(self, backend: BaseVisBackend, cfg: Config, resumed: bool) -> None:
        super().__init__(getattr(backend, "_save_dir", None) or "")
        self.backend = backend
        self.phase = 0
        self.offset = 0
        self._env_initialized = True
        self._open(cfg, resumed)

    def __getattr__(self, name: str) -> Any:
        if name == "backend":  # not there yet
            raise AttributeError(name)
        return getattr(self.backend, name)

    def _init_env(self) -> None:
        """The real backend does that."""

    @property
    def experiment(self) -> Any:
        """What the real backend writes with."""
        return self.backend.experiment

    # -- what a phase's visualizer calls ---------------------------------------------------
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Nothing: the sequence's config is written once."""

    def add_graph(self, model: nn.Module, data_batch: Any, **kwargs: Any) -> None:
        """Pass a graph on."""
        self.backend.add_graph(model, data_batch, **kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Pass an image on."""
        self.backend.add_image(name, image, self.offset + step, **kwargs)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Pass a scalar on."""
        self.backend.add_scalar(name, value, self.offset + step, **kwargs)

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Pass scalars on; those of a training step with the number of the phase.

        mmengine's ``file_path`` names a second file per phase, which is left out.
        """
        marked = self.marks_all or "iter" in scalar_dict
        mark = dict(phase=self.phase) if marked else {}
        self.write({**scalar_dict, **mark}, self.offset + step)

    def close(self) -> None:
        """Nothing: the next phase goes on with it."""

    # -- what the sequence calls -------------------------------------------------------------
    def _open(self, cfg: Config, resumed: bool) -> None:
        self._give_config(cfg)

    @master_only
    def _give_config(self, cfg: Config) -> None:
        self.backend.add_config(cfg)

    def write(self, scalars: dict, step: int) -> None:
        """Pass scalars on as they are, with the sequence's step."""
        self.backend.add_scalars(scalars, step)

    def rewind(self, step: int) -> None:
        """Forget what was logged after a step: a resumed sequence repeats it."""

    def lacks(self, tag: str, step: int) -> bool:
        """Whether a value is known not to have been written."""
        return False

    def flush(self) -> None:
        """Have what was logged written to disk."""

    def finish(self) -> None:
        """Close the real backend."""
        self.backend.close()
