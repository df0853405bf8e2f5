"""Distillation between a CNN and a Transformer, both ways, at equal budgets and several seeds.

Teachers are trained first, longer, one a seed or one for all seeds; then every student by itself,
with pixel-wise KD, with channel-wise distillation and with HeteroAKD. All runs of a data set share
the config given here but for their model. Each is trained by tools/train.py in a process of its
own; what is finished is not run again, so the command can be stopped and repeated, with other
--methods or --seeds too. What was not run is said to be not run. Another budget needs another
--work-dir.

Examples:
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_*.py --jobs 2
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_rooms.py --methods HeteroAKD
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_rooms.py --smoke
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import running
from distillation_runs import PLAIN, Run, all_runs, epochs_of, pair_runs, run_config, shrink
from mmengine.config import Config
from rich.console import Console

from mmlhl.evaluation.rendering import to_markdown, to_rich
from mmlhl.evaluation.seeds import over_seeds
from mmlhl.evaluation.sheet import Column, Sheet

MIOU, AACC = "seg/mIoU", "seg/aAcc"


def final_figures(folder: Path, epochs: int) -> dict[str, float]:
    """Figures of the evaluation after the last epoch, from the newest log.

    Raises:
        RuntimeError: If there was no such evaluation.
    """
    for log in sorted(folder.glob("*/vis_data/scalars.json"), reverse=True):
        for line in reversed(log.read_text(encoding="utf-8").splitlines()):
            entry = json.loads(line)
            if MIOU in entry and entry.get("step") == epochs:
                return {key: value for key, value in entry.items() if key.startswith("seg/")}
    raise RuntimeError(f"{folder}: no evaluation after epoch {epochs}")


def train(run: Run, cfg: Config, root: Path, jobs: int) -> int:
    """Train one run in a process of its own and write its ``result.json``; an exit code."""
    folder, started = run.folder(root), time.time()
    out = run_config(cfg, run, root)
    code = running.train_config(out, folder, jobs, resume=False)
    if code:
        return code
    try:
        figures = final_figures(folder, epochs_of(out))
    except RuntimeError as error:
        with open(folder / "train.log", "a", encoding="utf-8") as log:
            log.write(f"{error}\n")
        return 1
    result = dict(figures, seconds=round(time.time() - started, 1), epochs=epochs_of(out))
    running.write_text(folder / "result.json", json.dumps(result, indent=1))
    return 0


def execute(runs: list[Run], cfg: Config, root: Path, jobs: int, what: str) -> None:
    """Train every run that has no result yet and whose teacher, if it has one, is there."""
    running.execute(
        [r for r in runs if r.teacher_run is None or r.teacher_run.result(root) is not None],
        done=lambda run: run.result(root) is not None,
        train=lambda run: train(run, cfg, root, jobs),
        folder=lambda run: run.folder(root),
        jobs=jobs,
        what=what,
    )


def pair_sheet(cfg: Config, pair: dict, seeds: list[int], methods: list[str], root: Path) -> Sheet:
    """One row a method, and the teacher's: means over the seeds."""
    columns = [
        Column("mIoU", better=True),
        Column("against no distillation", better=True, sign=True),
        Column("aAcc", better=True),
        Column("minutes", digits=1),
        Column("runs"),
    ]
    title = f"{cfg.benchmark.data}: {pair['student']} from {pair['teacher']}"
    sheet = Sheet("pair", title, columns, unranked={"Teacher"})
    alone = [Run(cfg.benchmark.data, f"{PLAIN}/{pair['student']}", seed) for seed in seeds]
    rows = dict(zip(methods, pair_runs(cfg, pair, seeds, methods), strict=True))
    taught = [run for runs in rows.values() for run in runs if run.teacher]
    rows["Teacher"] = list(dict.fromkeys(run.teacher_run for run in taught))
    for name, runs in rows.items():
        results = [run.result(root) for run in runs]
        # each student against the one of the same seed that was taught by nobody
        base = [run.result(root) for run in alone]
        paired = name != "Teacher" and runs != alone
        gains = [r[MIOU] - b[MIOU] for r, b in zip(results, base, strict=False) if r and b]
        results = [result for result in results if result]
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


def settings(cfg: Config, methods: list[str]) -> Iterator[str]:
    """What all runs share, and the losses of each method, in words."""
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


def report(cfg: Config, command: str, seeds: list[int], methods: list[str], root: Path) -> str:
    """The section of a data set as Markdown; its tables are also printed."""
    students = all_runs(cfg, seeds, methods)
    runs = dict.fromkeys([*students, *(run.teacher_run for run in students if run.teacher)])
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


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; seeds and methods default to the config's."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0],
        epilog=__doc__.split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("configs", nargs="+", help="one config with a `benchmark` dict a data set")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/benchmark_heteroakd"))
    parser.add_argument("--methods", nargs="+", help="rows to run (default: all)")
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--report-only", action="store_true", help="run nothing, only report")
    parser.add_argument(
        "--smoke", action="store_true", help="six steps a run: only shows that everything works"
    )
    parser.add_argument("--out", type=Path, help=running.OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train teachers, then students, then report, one data set after another."""
    args = parse_args(argv)
    root = args.work_dir / "smoke" if args.smoke else args.work_dir
    command = " ".join(["python tools/benchmarks/heteroakd.py", *args.configs])
    command += " --smoke" if args.smoke else ""
    for file in args.configs:
        cfg = Config.fromfile(file)
        if args.smoke:
            shrink(cfg)
        seeds, methods = args.seeds or list(cfg.benchmark.seeds), args.methods
        methods = methods or list(cfg.benchmark.methods)
        unknown = [method for method in methods if method not in cfg.benchmark.methods]
        if unknown:
            raise SystemExit(f"--methods {unknown}: {file} has {list(cfg.benchmark.methods)}")
        runs, data = all_runs(cfg, seeds, methods), cfg.benchmark.data
        if not args.report_only:
            teachers = [run.teacher_run for run in runs if run.teacher]
            execute(teachers, cfg, root, args.jobs, f"{data}: teachers")
            execute(runs, cfg, root, args.jobs, f"{data}: students")
        text = report(cfg, command, seeds, methods, root)
        if args.out:
            running.write_section(args.out, Path(file).stem, text)


if __name__ == "__main__":
    main()
