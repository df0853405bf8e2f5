"""A dataset that seeds its random transforms by the seed that an index carries."""

from __future__ import annotations

import logging
import random
from typing import Any

from mmengine.logging import print_log
from mmseg.registry import DATASETS
from torch.utils.data import IterableDataset

from ...draws import draw_by, mixed_seed
from ..transforms.trials.own_draws import reseed
from .own_generators import own_generators


@DATASETS.register_module()
class SeededDataset:
    """Wraps a dataset and seeds all random generators before a sample is read.

    Attributes are read from and written to the wrapped dataset, so hooks that change its pipeline
    work. A plain index is read without seeding.

    Args:
        dataset: Config of any dataset, wrappers of others included, or a dataset.
    """

    def __init__(self, dataset: Any) -> None:
        built = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.__dict__["dataset"] = built
        self.__dict__["generators"] = None

    def full_init(self) -> None:
        """Let the wrapped dataset list its samples, if it is lazy."""
        if hasattr(self.dataset, "full_init"):
            self.dataset.full_init()
        unseeded = [g for g in self._own() if isinstance(g, random.SystemRandom)]
        if unseeded or isinstance(self.dataset, IterableDataset):
            print_log(
                f"{type(self.dataset).__name__} draws random numbers that no seed reaches: its "
                "augmentation differs when training is resumed",
                "current",
                logging.WARNING,
            )

    def _own(self) -> list:
        if self.generators is None:
            self.__dict__["generators"] = own_generators(self.dataset)
        return self.generators

    def __len__(self) -> int:
        return len(self.dataset)

    def __getstate__(self) -> dict:
        # in a process that is started anew, the variables of modules are other objects
        return {**self.__dict__, "generators": None}

    def __getitem__(self, index: int) -> Any:
        draws = getattr(index, "draws", None)
        if draws is None:
            return self.dataset[index]
        draw_by(draws)
        for number, generator in enumerate(self._own()):  # a different seed for each
            reseed(generator, mixed_seed(draws, number))
        return self.dataset[int(index)]

    def __getattr__(self, name: str) -> Any:
        # no dataset exists yet while unpickling; dunder look-ups (torch's) are not forwarded
        if name.startswith("__") or "dataset" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.__dict__["dataset"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "dataset":
            self.__dict__[name] = value
        else:
            setattr(self.dataset, name, value)
        self.__dict__["generators"] = None  # a new pipeline may contain other generators
