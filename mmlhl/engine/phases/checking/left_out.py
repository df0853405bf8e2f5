"""Messages about what a phase leaves out because the config is incomplete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.config import Config

from ....config_values import nodes
from ....datasets.parts import check_part
from ..datasets import multi_task_datasets
from ..grammar import Phase, merged_config
from ..save_best import checkpoint_hooks

PARTS = ("cfg", "dataloader", "evaluator")
KINDS = {"val": "validation", "test": "the evaluation of each phase"}


def keys_of(kind: str) -> list[str]:
    """The keys that mmengine needs to validate or test."""
    return [f"{kind}_{part}" for part in PARTS]


def lacking(cfg: Mapping, kind: str) -> list[str]:
    """The needed keys that a config does not set."""
    return [key for key in keys_of(kind) if cfg.get(key) is None]


def left_out(cfg: Config, phases: Sequence[Phase]) -> list[str]:
    """Messages about validations, best checkpoints or disjoint parts that are left out."""
    messages: dict[str, None] = {}
    for phase in phases:
        for sentence in _of_phase(merged_config(cfg, phase)):
            messages[sentence] = None
    shared = shared_part(cfg, phases) if cfg.get("disjoint_phases", True) else None
    return [*messages, *([shared] if shared else [])]


def shared_part(cfg: Config, phases: Sequence[Phase]) -> str | None:
    """A message about a part of the images that several phases share.

    Returns:
        The message, without a full stop; None if no two phases share a part.
    """
    key = "train_dataloader"
    found = [check_part(each.get("part")) for each in multi_task_datasets(cfg.get(key))]
    parts = [part for part in found if part is not None]
    shared = [
        phase.index
        for phase in phases
        if phase.checkpoint is None
        and not any("part" in node for node in nodes(phase.cfg.get(key)))
    ]
    if not parts or len(shared) < 2:
        return None
    return (
        f"{key}.dataset.part is {parts[0]} for all phases, so phases {shared} learn from "
        "the same images"
    )


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
