"""Running many trainings in separate processes, and writing reports, for all benchmarks."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from mmengine.config import Config
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from ...config_files import read_config
from ...files import write_text
from ...paths import shipped_dir

RunT = TypeVar("RunT")
OUT_HELP = "also write the report into this Markdown file, in place of the one in it"


def execute(
    runs: Iterable[RunT],
    done: Callable[[RunT], bool],
    train: Callable[[RunT], int],
    folder: Callable[[RunT], Path],
    jobs: int,
    what: str,
) -> None:
    """Train every run that is not done yet, with a progress bar.

    Args:
        runs: The runs; repeated runs are trained once.
        done: Whether a run needs no training.
        train: Trains one run and returns an exit code; if it is not 0, this is reported, and the
            next run begins.
        folder: Folder of the run's ``train.log``.
        jobs: Number of runs at a time.
        what: Title of the bar.
    """
    waiting = [run for run in dict.fromkeys(runs) if not done(run)]
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as bar, ThreadPoolExecutor(jobs) as pool:
        task = bar.add_task(what, total=len(waiting))
        futures = {pool.submit(train, run): run for run in waiting}
        try:
            for future in as_completed(futures):
                if future.result():
                    where = folder(futures[future])
                    bar.console.print(f"[red]failed[/]: {where}, see train.log there")
                bar.advance(task)
        except BaseException:  # Ctrl-C: start no further runs and end the running ones
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def train_config(cfg: Config, folder: Path, jobs: int, resume: bool) -> int:
    """Train a config by ``tools/train.py`` in a separate process.

    Args:
        cfg: The config; written to ``folder / 'config.py'``.
        folder: Work dir of the run; its output goes to ``train.log`` there.
        jobs: Number of such processes, which share the cores unless OMP_NUM_THREADS is set.
        resume: Whether to resume from the folder's checkpoints.

    Returns:
        Exit code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cfg.dump(folder / "config.py")
    threads = os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 1) // jobs)
    arguments = [str(folder / "config.py"), "--work-dir", str(folder)]
    arguments += ["--resume"] if resume else []
    from .worker import train  # here, since it imports everything for a training

    process = processes().Process(
        target=train, args=(arguments, folder / "train.log", int(threads))
    )
    process.start()
    process.join()
    return process.exitcode or 0


@lru_cache(maxsize=1)
def processes() -> multiprocessing.context.ForkServerContext:
    """Context of processes that are forked from a server with all imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.worker"])
    return context


def commit() -> str:
    """Short hash of the checked-out commit."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    result = subprocess.run(command, cwd=shipped_dir("tools"), capture_output=True, text=True)
    return result.stdout.strip() or "unknown"


def read_benchmark(path: str | os.PathLike) -> Config:
    """Read the config of a benchmark.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or describes no benchmark.
    """
    cfg = read_config(path)
    if not isinstance(cfg.get("benchmark"), dict):
        raise ValueError(f"{path}: the config has no benchmark=dict(...)")
    return cfg


def write_section(path: Path, name: str, text: str) -> None:
    """Write a benchmark's report into a Markdown file and keep the rest of the file.

    Args:
        path: The file, made if necessary.
        name: Name in the two comments around the report. If the file does not contain them, the
            report is appended.
        text: The report.
    """
    begin, end = f"<!-- benchmark: {name} -->", f"<!-- end of benchmark: {name} -->"
    section = f"{begin}\n\n{text.strip()}\n\n{end}"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if begin in before and end in before:
        head, rest = before.split(begin, 1)
        after = head + section + rest.split(end, 1)[1]
    else:
        after = f"{before.rstrip()}\n\n{section}\n".lstrip()
    write_text(path, after)
