"""The report of the benchmark of distillation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from ..formats import to_markdown, to_rich
from ..seeds import over_seeds
from ..sheet import Column, Sheet
from . import running
from .distillation_runs import PLAIN, Run, all_runs, pair_runs, teachers_of

MIOU, AACC = "seg/mIoU", "seg/aAcc"


def report(cfg: Config, command: str, seeds: list[int], methods: list[str], root: Path) -> str:
    """The report of a dataset as Markdown; its tables are also printed."""
    students = all_runs(cfg, seeds, methods)
    check_lengths(cfg, [*students, *teachers_of(students)], root)
    runs = dict.fromkeys([*students, *teachers_of(students)])
    seconds = sum((run.result(root) or {}).get("seconds", 0) for run in runs)
    lines = [
        f"Command: `{command}`; commit {running.commit()}; seeds {seeds}; "
        f"{seconds / 60:.0f} minutes of training in all.",
        "",
        *(f"- {line}" for line in settings(cfg, methods)),
        "",
    ]
    for pair in cfg.benchmark.pairs:
        sheet = pair_sheet(cfg, pair, seeds, methods, root)
        Console().print(to_rich(sheet))
        lines += [to_markdown(sheet), ""]
    lines += [f"Not run: {missing(cfg, seeds, methods, root)}.", ""]
    return "\n".join(lines)


def pair_sheet(cfg: Config, pair: dict, seeds: list[int], methods: list[str], root: Path) -> Sheet:
    """One row per method, and the teacher's: means over the seeds."""
    columns = [
        Column("mIoU", better=True, unit="%"),
        Column("against no distillation", better=True, sign=True, unit="points"),
        Column("aAcc", better=True, unit="%"),
        Column("minutes", digits=1),
        Column("runs"),
    ]
    title = f"{cfg.benchmark.data}: {pair['student']} from {pair['teacher']}"
    sheet = Sheet("pair", title, columns, unranked={"Teacher"})
    alone = [Run(cfg.benchmark.data, f"{PLAIN}/{pair['student']}", seed) for seed in seeds]
    rows = dict(zip(methods, pair_runs(cfg, pair, seeds, methods), strict=True))
    rows["Teacher"] = teachers_of([run for runs in rows.values() for run in runs])
    for name, runs in rows.items():
        found = [run.result(root) for run in runs]
        # compare each student with the one of the same seed without a teacher
        base = [run.result(root) for run in alone]
        paired = name != "Teacher" and runs != alone
        gains = [r[MIOU] - b[MIOU] for r, b in zip(found, base, strict=False) if r and b]
        results = [result for result in found if result]
        minutes = over_seeds(result["seconds"] / 60 for result in results)
        sheet.rows.append(
            (
                name,
                [
                    over_seeds(result[MIOU] for result in results),
                    over_seeds(gains if paired else []),
                    over_seeds(result[AACC] for result in results),
                    over_seeds([minutes.mean]),
                    str(len(results)),
                ],
            )
        )
    return sheet


def check_lengths(cfg: Config, runs: list[Run], root: Path) -> None:
    """Refuse results of trainings of another length than the config's.

    Raises:
        ValueError: Naming the first one.
    """
    for run in runs:
        epochs = cfg.benchmark.epochs["teacher" if run.teaches else "student"]
        there = (run.result(root) or {}).get("epochs", epochs)
        if there != epochs:
            raise ValueError(
                f"{run.folder(root)} was trained for {there} epochs, the config says {epochs}; "
                "give another --work-dir"
            )


def settings(cfg: Config, methods: list[str]) -> Iterator[str]:
    """The settings of all runs and the losses of each method, in words."""
    loader, optimizer = cfg.train_dataloader, dict(cfg.optim_wrapper.optimizer)
    kind = optimizer.pop("type")
    options = ", ".join(f"{key} {value:g}" for key, value in optimizer.items())
    epochs = cfg.benchmark.epochs
    yield (
        f"{loader.dataset.data_root}, evaluated on `{cfg.val_dataloader.dataset.split}` after the "
        f"last epoch; batch {loader.batch_size}; {kind} ({options}); epochs: student "
        f"{epochs['student']}, teacher {epochs['teacher']}"
        + (", one teacher for all seeds." if "teacher_seed" in cfg.benchmark else ".")
    )
    for method in methods:
        run = pair_runs(cfg, cfg.benchmark.pairs[0], [0], [method])[0][0]
        losses = Config.fromfile(run.file).model.get("distillers", [])
        words = [
            f"{loss['type']}({', '.join(f'{k}={v}' for k, v in loss.items() if k != 'type')})"
            for loss in losses
        ]
        if words:
            yield f"{method}: {', '.join(words)}, other options by default."


def missing(cfg: Config, seeds: list[int], methods: list[str], root: Path) -> str:
    """Runs without a result, in words."""
    words = []
    for pair in cfg.benchmark.pairs:
        for method, runs in zip(methods, pair_runs(cfg, pair, seeds, methods), strict=True):
            lacking = [str(run.seed) for run in runs if run.result(root) is None]
            if lacking:
                name = f"{pair['student']} from {pair['teacher']}"
                words.append(f"{method}, {name} (seeds {', '.join(lacking)})")
    return "; ".join(words) or "nothing"
