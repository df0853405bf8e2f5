"""What a config asks for incompletely, and a phase therefore leaves out: it is logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.config import Config

from .grammar import Phase, merged_config
from .save_best import checkpoint_hooks

PARTS = ("cfg", "dataloader", "evaluator")
KINDS = {"val": "validation", "test": "the evaluation of each phase"}


def keys_of(kind: str) -> list[str]:
    """The keys without which mmengine does not validate, or test."""
    return [f"{kind}_{part}" for part in PARTS]


def lacking(cfg: Mapping, kind: str) -> list[str]:
    """Those of the keys that a config does not set."""
    return [key for key in keys_of(kind) if cfg.get(key) is None]


def left_out(cfg: Config, phases: Sequence[Phase]) -> list[str]:
    """Sentences on validations, evaluations and best checkpoints that do not take place.

    Args:
        cfg: The sequence's config.
        phases: Its phases.

    Returns:
        Each sentence once; nothing where all of loader, loop and evaluator are given, or none.
    """
    said: dict[str, None] = {}
    for phase in phases:
        for sentence in _of_phase(merged_config(cfg, phase)):
            said[sentence] = None
    return list(said)


def _of_phase(cfg: Mapping) -> list[str]:
    found, validates = [], True
    for kind, words in KINDS.items():
        absent = lacking(cfg, kind)
        if kind == "val":
            validates = not absent
        if 0 < len(absent) < len(PARTS):
            given = [key for key in keys_of(kind) if key not in absent]
            found.append(
                f"{words} is left out: {' and '.join(absent)} not set, though "
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'}"
            )
    if not validates:
        found += [
            f"checkpoint.save_best={hook['save_best']!r} has no effect: nothing validates"
            for hook in checkpoint_hooks(cfg)
            if hook.get("save_best")
        ]
    return found
