"""All methods on one data set: equal budgets, equal search of strengths, several seeds and orders.

Each run is a config of its own below --work-dir, trained by tools/train.py in a process of its
own. What is finished is not run again, so the command can be stopped and repeated, with other
--methods, --seeds or --orders too; what was not run is said to be not run in the report.

Examples:
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --jobs 2
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --methods Naive LwF HAD
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --report-only
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import running
from method_runs import (
    MIN_SPAN,
    Run,
    chosen_value,
    final_runs,
    first_phase_run,
    run_config,
    search_option,
    search_runs,
)
from mmengine.config import Config
from rich.console import Console

from mmlhl.evaluation.comparison import Comparison
from mmlhl.evaluation.rendering import to_markdown, to_rich


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


def report(
    cfg: Config,
    command: str,
    labels: list[str],
    orders: list[tuple[str, ...]],
    seeds: list[int],
    root: Path,
) -> str:
    """The benchmark's section as Markdown; its tables are also printed."""
    lines = [
        f"Command: `{command}`; commit {running.commit()}; seeds {seeds}; strengths searched "
        f"with seed {cfg.benchmark.search_seed} on the order {' → '.join(orders[0])}.",
        "",
        settings(cfg),
        "",
    ]
    records = [run.record(root) for run in final_runs(cfg, labels, orders, seeds, root)]
    records = [record for record in records if record is not None]
    if records:
        comparison = Comparison(records, min_span=MIN_SPAN)
        for group in comparison.groups:
            for sheet in (comparison.summary(group), comparison.final(group)):
                Console().print(to_rich(sheet))
                lines += [to_markdown(sheet), ""]
    shared = [label for label in labels if cfg.benchmark.methods[label].get("first_phase")]
    if shared:
        lines += [
            "Time: these take over naive training's first phase of the same seed, which is the "
            f"same for them, so it is missing in their minutes: {', '.join(shared)}.",
            "",
        ]
    lines += ["Strengths tried (position between naive and joint in %), the best one taken:", ""]
    lines += [f"- {line}" for line in strengths(cfg, labels, orders[0], root)]
    lines += ["", "Not run: " + missing(cfg, labels, orders, seeds, root) + ".", ""]
    return "\n".join(lines)


def settings(cfg: Config) -> str:
    """What all runs share, in words."""
    loader, optimizer = cfg.train_dataloader, dict(cfg.optim_wrapper.optimizer)
    kind = optimizer.pop("type")
    options = ", ".join(f"{key} {value:g}" for key, value in optimizer.items())
    later = cfg.benchmark.get("later_phases")
    later = later and f" Joint training, and phases after the first: `{later.to_dict()}`."
    return (
        f"{loader.dataset.data_root}, batch {loader.batch_size}, {cfg.train_cfg.max_epochs} epochs "
        f"a phase on a disjoint part of the images (joint: all of them), {kind} ({options}), each "
        f"new task from scratch.{later or ''}"
    )


def strengths(cfg: Config, labels: list[str], order: tuple[str, ...], root: Path) -> Iterator[str]:
    """What the search found, a line a method."""
    for label in labels:
        if search_option(cfg, label) is None or "like" in cfg.benchmark.methods[label]:
            continue
        try:
            value, scores = chosen_value(cfg, label, order, root)
        except RuntimeError:
            yield f"{label}: not searched"
            continue
        tried = ", ".join(f"{v:g}: {score:.1f}" for v, score in scores.items())
        yield f"{label}: {search_option(cfg, label)[0]} = {value:g} ({tried})"


def missing(
    cfg: Config,
    labels: list[str],
    orders: list[tuple[str, ...]],
    seeds: list[int],
    root: Path,
) -> str:
    """Runs without a complete record, in words."""
    done = {
        (run.label, run.order, run.seed)
        for run in final_runs(cfg, labels, orders, seeds, root)
        if run.record(root) is not None
    }
    words = []
    for label in labels:
        wanted = orders[:1] if cfg.benchmark.methods[label].get("joint") else orders
        for order in wanted:
            lacking = [str(seed) for seed in seeds if (label, order, seed) not in done]
            if lacking:
                words.append(f"{label} on {' → '.join(order)} (seeds {', '.join(lacking)})")
    return "; ".join(words) or "nothing"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; orders and seeds default to the config's."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0],
        epilog=__doc__.split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", help="config with a `benchmark` dict")
    parser.add_argument("--work-dir", type=Path, help="default: work_dirs/benchmark/<config>")
    parser.add_argument("--methods", nargs="+", help="rows to run (default: the config's)")
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--orders", nargs="+", help="such as seg,depth,normal")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--report-only", action="store_true", help="run nothing, only report")
    parser.add_argument("--out", type=Path, help=running.OUT_HELP)
    args = parser.parse_args(argv)
    args.orders = [order.split(",") for order in args.orders] if args.orders else None
    args.work_dir = args.work_dir or Path("work_dirs/benchmark") / Path(args.config).stem
    return args


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


def main(argv: list[str] | None = None) -> None:
    """Search strengths, run all methods, report."""
    args = parse_args(argv)
    cfg = Config.fromfile(args.config)
    args.seeds = args.seeds or list(cfg.benchmark.seeds)
    args.orders = args.orders or [list(order) for order in cfg.benchmark.orders]
    labels = args.methods or list(cfg.benchmark.get("rows", cfg.benchmark.methods))
    unknown = [label for label in labels if label not in cfg.benchmark.methods]
    if unknown:
        raise SystemExit(f"--methods {unknown}: the config has {list(cfg.benchmark.methods)}")
    orders = [tuple(order) for order in args.orders]
    what = (labels, orders, args.seeds, args.work_dir)
    check_settings(cfg, args.work_dir)
    if not args.report_only:
        execute(list(search_runs(cfg, labels, orders[0])), cfg, args.work_dir, args.jobs, "search")
        execute(list(final_runs(cfg, *what)), cfg, args.work_dir, args.jobs, "runs")
    text = report(cfg, f"python tools/benchmarks/methods.py {args.config}", *what)
    if args.out:
        running.write_section(args.out, f"methods {Path(args.config).stem}", text)


if __name__ == "__main__":
    main()
