"""Whether two models of a sequence have the same encoder, so that its weights can be handed on."""

from __future__ import annotations

import copy

import torch
from mmseg.registry import MODELS

ENCODER = ("backbone", "neck")


def same_encoder(before: dict, now: dict) -> bool:
    """Whether backbone and neck of two model configs have the same weights, by name and shape.

    Options that change no weight (``frozen_stages``, ``norm_eval``, ``with_cp``, initialisation)
    make no other encoder. Both are built to see, if their configs differ at all.

    Args:
        before: config of a model.
        now: likewise.
    """
    if all(before.get(key) == now.get(key) for key in ENCODER):
        return True
    return _shapes(before) == _shapes(now)


def _shapes(model: dict) -> dict[str, tuple[int, ...]]:
    shapes = {}
    with torch.random.fork_rng(devices=[]):  # as if nothing had been built
        for key in ENCODER:
            if model.get(key) is not None:
                module = MODELS.build(copy.deepcopy(dict(model[key])))
                for name, value in module.state_dict().items():
                    shapes[f"{key}.{name}"] = tuple(value.shape)
    return shapes
