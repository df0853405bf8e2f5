"""Comparing the encoders of two phases, and checking ``load_from``."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from .grammar import Phase, learning_model, merged_config

ENCODER = ("backbone", "neck")


def same_encoder(before: dict, now: dict) -> bool:
    """Whether backbone and neck of two model configs have the same weights, by name and shape.

    Options that change no weight (``frozen_stages``, ``norm_eval``, ``with_cp``, initialisation) do
    not matter. If the configs differ, both encoders are built for the comparison.
    """
    if all(before.get(key) == now.get(key) for key in ENCODER):
        return True
    return _shapes(before) == _shapes(now)


def _shapes(model: dict) -> dict[str, tuple[int, ...]]:
    shapes = {}
    with torch.random.fork_rng(devices=[]):  # building must not change random states
        for key in ENCODER:
            if model.get(key) is not None:
                module = MODELS.build(copy.deepcopy(dict(model[key])))
                for name, value in module.state_dict().items():
                    shapes[f"{key}.{name}"] = tuple(value.shape)
    return shapes


def check_start(cfg: Config, phases: Sequence[Phase]) -> None:
    """Refuse a ``load_from`` without effect.

    Raises:
        ValueError: Naming the key and what the phase starts from instead.
    """
    for phase in phases:
        merged = merged_config(cfg, phase)
        given = merged.get("load_from")
        if phase.checkpoint is not None and given:
            raise ValueError(
                f"load_from={given!r} has no effect: phases[{phase.index}].checkpoint="
                f"{phase.checkpoint!r} is the first phase; keep one of the two"
            )
        if phase.index and phase.cfg.get("load_from"):
            before = learning_model(merged_config(cfg, phases[phase.index - 1]))
            if same_encoder(before, learning_model(merged)):
                raise ValueError(
                    f"phases[{phase.index}].cfg.load_from={given!r} has no effect: a phase that "
                    f"keeps the encoder starts from the model of phases[{phase.index - 1}]"
                )
