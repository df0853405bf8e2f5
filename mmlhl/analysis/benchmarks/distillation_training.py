"""Training the runs of the benchmark of distillation."""

from __future__ import annotations

import json
import time
from pathlib import Path

from mmengine.config import Config

from ...json_lines import json_lines
from . import running
from .distillation_report import MIOU
from .distillation_runs import Run, epochs_of, run_config


def execute(runs: list[Run], cfg: Config, root: Path, jobs: int, what: str) -> None:
    """Train every run that has no result yet and whose teacher, if any, is trained."""
    running.execute(
        [r for r in runs if r.teacher_run is None or r.teacher_run.result(root) is not None],
        done=lambda run: run.result(root) is not None,
        train=lambda run: train(run, cfg, root, jobs),
        folder=lambda run: run.folder(root),
        jobs=jobs,
        what=what,
    )


def train(run: Run, cfg: Config, root: Path, jobs: int) -> int:
    """Train one run in a separate process, write its ``result.json`` and return an exit code."""
    folder, started = run.folder(root), time.time()
    out = run_config(cfg, run, root)
    code = running.train_config(out, folder, jobs, resume=False)
    if code:
        return code
    try:
        metrics = final_metrics(folder, epochs_of(out))
    except RuntimeError as error:
        with open(folder / "train.log", "a", encoding="utf-8") as log:
            log.write(f"{error}\n")
        return 1
    result = dict(metrics, seconds=round(time.time() - started, 1), epochs=epochs_of(out))
    running.write_text(folder / "result.json", json.dumps(result, indent=1))
    return 0


def final_metrics(folder: Path, epochs: int) -> dict[str, float]:
    """Metrics of the evaluation after the last epoch, from the newest log.

    Raises:
        RuntimeError: If there was no such evaluation.
    """
    for log in sorted(folder.glob("*/vis_data/scalars.json"), reverse=True):
        for entry in reversed(json_lines(log)):
            if MIOU in entry and entry.get("step") == epochs:
                return {key: value for key, value in entry.items() if key.startswith("seg/")}
    raise RuntimeError(f"{folder}: no evaluation after epoch {epochs}")
