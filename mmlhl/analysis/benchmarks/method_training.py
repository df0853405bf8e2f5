"""Training the runs of the benchmark of methods."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from . import running
from .method_report import settings
from .method_runs import Run, first_phase_run, run_config


def execute(runs: list[Run], cfg: Config, root: Path, jobs: int, what: str) -> None:
    """Train every run that has no complete record yet, ``jobs`` at a time.

    Runs that others take their first phase from come before those.
    """
    sources = [first_phase_run(cfg, run) for run in runs]
    sources = dict.fromkeys(source for source in sources if source)
    if sources:
        execute(list(sources), cfg, root, jobs, f"{what}: shared first phases")
    lacking = [s for s in sources if s.record(root) is None]
    runs = [run for run in runs if first_phase_run(cfg, run) not in lacking]
    running.execute(
        runs,
        done=lambda run: run.record(root) is not None,
        train=lambda run: train(run, cfg, root, jobs),
        folder=lambda run: run.folder(root),
        jobs=jobs,
        what=what,
    )


def train(run: Run, cfg: Config, root: Path, jobs: int) -> int:
    """Train one run in a process of its own, from where it stopped; its exit code."""
    return running.train_config(run_config(cfg, run, root), run.folder(root), jobs, resume=True)


def check_settings(cfg: Config, root: Path) -> None:
    """Runs of one budget a folder: what is there already must have been run with these settings.

    Raises:
        SystemExit: naming the folder, its settings and those of the config.
    """
    path, now = root / "settings.txt", settings(cfg)
    if path.is_file() and path.read_text(encoding="utf-8") != now:
        before = path.read_text(encoding="utf-8")
        raise SystemExit(f"{path} says: {before}\nthe config says: {now}\nGive another --work-dir.")
    root.mkdir(parents=True, exist_ok=True)
    running.write_text(path, now)
