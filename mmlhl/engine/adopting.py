"""A finished mmseg model as the first phase of a sequence."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.runner import (
    CheckpointLoader,
    Runner,
    get_state_dict,
    save_checkpoint,
    weights_to_cpu,
)

from ..models.teachers import load_adopted
from .finishing import finish_phase
from .learner import unwrap
from .phases.deriving import testing_config
from .phases.grammar import Phase

#: they belong to training
PHASE_HOOKS = ("LifelongPhaseHook", "PhaseResultHook")


def adopt_phase(cfg: Config, phase: Phase, record: str) -> None:
    """Make a finished model a phase: evaluate and record it, train nothing.

    Args:
        cfg: the phase's config.
        phase: the phase, with its ``checkpoint``.
        record: the record's file.
    """
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook["type"] not in PHASE_HOOKS]
    cfg.load_from, cfg.resume = None, False
    runner = Runner.from_cfg(testing_config(cfg))
    model = unwrap(runner)
    loaded = CheckpointLoader.load_checkpoint(phase.checkpoint, "cpu")
    load_adopted(model, loaded.get("state_dict", loaded), phase.tasks[0], phase.checkpoint)
    meta = dict(cfg=cfg.pretty_text, dataset_meta=loaded.get("meta", {}).get("dataset_meta"))

    def save(path: Path) -> None:
        content = dict(meta=meta, state_dict=weights_to_cpu(get_state_dict(model)))
        save_checkpoint(content, str(path))

    runner.call_hook("before_run")
    finish_phase(runner, phase.name, phase.tasks, record, 0.0, save)
    runner.call_hook("after_run")
