"""A finished model, of mmseg or of another sequence, as the first phase of a sequence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import (
    CheckpointLoader,
    Runner,
    get_state_dict,
    save_checkpoint,
    weights_to_cpu,
)
from torch import nn

from ..checkpoints import to_plain, weights_of
from ..checkpoints.training import INPUT, stored_input
from ..models.teachers import describe_input, load_adopted
from ..registered import type_name
from .finishing import finish_phase
from .learner import unwrap
from .logs import LoggedRunner, PhaseLog
from .phases.deriving import testing_config
from .phases.grammar import Phase
from .training_facts import foreign_training, names_of, other_kinds, other_model

#: hooks for training, which an adopted phase does not need
PHASE_HOOKS = ("LifelongPhaseHook", "PhaseResultHook")


def adopt_phase(cfg: Config, phase: Phase, record: str, log: PhaseLog | None = None) -> None:
    """Make a finished model a phase: evaluate and record it without training.

    Raises:
        ValueError: If the checkpoint does not fit, or was trained with another normalisation,
            channel order or list of classes than the config's; nothing is written then.
    """
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if type_name(hook) not in PHASE_HOOKS]
    cfg.load_from, cfg.resume = None, False
    runner = LoggedRunner.from_cfg(testing_config(cfg), log)
    try:
        _adopt(runner, cfg, phase, record)
    finally:
        runner.release()


def _adopt(runner: Runner, cfg: Config, phase: Phase, record: str) -> None:
    model: Any = unwrap(runner)
    source = f"phases[{phase.index}].checkpoint={phase.checkpoint!r}"
    print_log(f"{source}: a finished model is the phase, nothing is trained", "current")
    names = {} if runner._test_loop is None else names_of(runner.test_loop)
    loaded = adopt_weights(model, phase, names, cfg)
    if stored_input(loaded, source) is None:
        print_log(
            f"{source} does not say with which mean, std and channel order it was trained; "
            "model.data_preprocessor has to be as it was",
            "current",
            logging.WARNING,
        )
    dataset_meta = (loaded.get("meta") or {}).get("dataset_meta")
    meta = dict(cfg=cfg.pretty_text, dataset_meta=to_plain(dataset_meta, "dataset_meta"))
    meta[INPUT] = describe_input(model.data_preprocessor)

    def save(path: Path) -> None:
        content = dict(meta=meta, state_dict=weights_to_cpu(get_state_dict(model)))
        save_checkpoint(content, str(path))

    runner.call_hook("before_run")
    finish_phase(runner, phase.name, phase.tasks, record, 0.0, save)
    runner.call_hook("after_run")


def adopt_weights(model: nn.Module, phase: Phase, names: Mapping[str, Any], cfg: Any = None) -> Any:
    """Load a finished model's weights, and check that its training fits the config.

    Args:
        model: The phase's model, without wrappers.
        phase: The phase, with its ``checkpoint``.
        names: Names of the test set's classes and units, see
            :func:`~mmlhl.engine.training_facts.names_of`.
        cfg: The phase's config, whose pipelines may normalise images.

    Raises:
        ValueError: If it does not fit, or was trained with another normalisation, channel order or
            list of classes than the config's.
    """
    loaded = CheckpointLoader.load_checkpoint(phase.checkpoint, "cpu", logger="silent")
    source = f"phases[{phase.index}].checkpoint={phase.checkpoint!r}"
    load_adopted(model, weights_of(loaded), phase.tasks, str(phase.checkpoint))
    different = foreign_training(model, loaded, source, names, cfg)
    if cfg is not None:
        different = different or other_kinds(cfg, loaded, source)
    if different:
        raise ValueError(different)
    if cfg is not None and (others := other_model(cfg, loaded, source, phase.tasks[0])):
        print_log(others, "current", logging.WARNING)
    return loaded
