"""Running a transform once more on a sample, with the same random numbers."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .own_draws import own_generators, put_back, states


class Replay:
    """A transform as it is before a call; each call of this one repeats that call.

    Args:
        step: The transform, which never changes by a repeated call. What it holds is copied only
            then, so that what an unrepeated call changes within its containers is not put back.
    """

    def __init__(self, step: Callable) -> None:
        self._step = copy.copy(step)
        self._shared = (random.getstate(), np.random.get_state(), torch.get_rng_state())
        # batches may be augmented on a device
        self._devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        self._own = states(own_generators(step))

    def __call__(self, *args: Any) -> Any:
        """Apply the transform."""
        step = copy.deepcopy(self._step)
        generators = own_generators(step)
        before = states(generators)  # those of a module are not copied with the transform
        try:
            put_back(generators, self._own)
            random.setstate(self._shared[0])
            np.random.set_state(self._shared[1])
            torch.set_rng_state(self._shared[2])
            if self._devices:
                torch.cuda.set_rng_state_all(self._devices)
            return step(*args)
        finally:
            put_back(generators, before)
