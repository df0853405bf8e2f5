"""What a config half asks for, and a phase leaves out: said, since mmengine would refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.config import Config

from .grammar import Phase, merged_config
from .save_best import checkpoint_hooks

KINDS = {"val": "validation", "test": "the evaluation of each phase"}


def left_out(cfg: Config, phases: Sequence[Phase]) -> list[str]:
    """Sentences on validations, evaluations and best checkpoints that do not take place.

    Args:
        cfg: the sequence's config.
        phases: its phases.

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
        keys = [f"{kind}_dataloader", f"{kind}_cfg", f"{kind}_evaluator"]
        lacking = [key for key in keys if cfg.get(key) is None]
        if kind == "val":
            validates = not lacking
        if 0 < len(lacking) < len(keys):
            given = [key for key in keys if key not in lacking]
            found.append(
                f"{words} is left out: {' and '.join(lacking)} not set, though "
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'}"
            )
    if not validates:
        found += [
            f"checkpoint.save_best={hook['save_best']!r} has no effect: nothing validates"
            for hook in checkpoint_hooks(cfg)
            if hook.get("save_best")
        ]
    return found
