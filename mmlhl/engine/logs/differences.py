"""The summary of a phase in the log: its facts, and the keys that it overrides."""

from __future__ import annotations

import os.path as osp
from collections.abc import Sequence

from mmengine.runner import EpochBasedTrainLoop, Runner

from ...config_values import leaves
from ...registered import type_name
from ..phases.grammar import Phase

#: longest text of a value
LONGEST = 60


def phase_lines(label: str, phase: Phase, facts: Sequence[str]) -> str:
    """A summary of a phase in a few lines.

    Returns:
        One line with the facts, and one for each key that the phase overrides.
    """
    lines = [f"{label}: {', '.join(facts)}"]
    changed = [("model", each) for each in phase.architecture] + [("cfg", phase.cfg)]
    for place, override in changed:
        if not override:
            continue
        for key, value in leaves(override, lists=False):
            text = repr(value)
            text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
            lines.append(f"    {place}.{key} = {text}")
    return "\n".join(lines)


def training_facts(phase: Phase, runner: Runner, processes: int) -> list[str]:
    """Facts about a phase's training: tasks, images, method, length and seed."""
    loader = runner.train_dataloader
    batch = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    old = [task for task in phase.seen if task not in phase.tasks]
    method = type_name(runner.cfg.model.get("method") or "Naive")
    start = runner.cfg.get("load_from")
    length = f"{runner.max_iters} steps"
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        epochs = f"{runner.max_epochs} epoch{'' if runner.max_epochs == 1 else 's'}"
        length = f"{epochs} of {len(loader)} steps"
    return [
        f"task {' and '.join(phase.tasks)}",
        f"{len(loader.dataset)} images",
        f"{batch} a step" + (f" in each of {processes} processes" if processes > 1 else ""),
        f"method {method}" + (f" (keeps {', '.join(old)})" if old else ""),
        length,
        f"seed {runner.seed}",
        *([f"from {'/'.join(str(start).split(osp.sep)[-2:])}"] if start else []),
    ]
