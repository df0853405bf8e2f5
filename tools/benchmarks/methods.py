"""Run all methods on one dataset, with equal budgets and searches, several seeds and orders.

Each run has its own config in --work-dir and is trained by tools/train.py in a separate process.
Finished runs are not repeated, so the command can be stopped and given again, also with other
--methods, --seeds or --orders; the report lists missing runs. The record of each finished run is
also copied to --records, by which it counts as finished on any machine.

Examples:
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --jobs 2
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --methods Naive LwF HAD
    python tools/benchmarks/methods.py configs/benchmarks/rooms.py --report-only
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

from mmlhl.analysis.benchmarks import running
from mmlhl.analysis.benchmarks.method_report import report
from mmlhl.analysis.benchmarks.method_search import final_runs
from mmlhl.analysis.benchmarks.method_training import check_settings, execute, restore, search
from mmlhl.analysis.benchmarks.running import read_benchmark
from mmlhl.command_line import Parser, config_file, count, whole
from mmlhl.engine.locking import locked
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; orders and seeds default to the config's."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config with a `benchmark` dict")
    parser.add_argument(
        "--work-dir", type=Path, help="folder for all runs (default: work_dirs/benchmark/<config>)"
    )
    parser.add_argument(
        "--records",
        type=Path,
        help="folder for the records of finished runs (default: docs/results/runs/<config>)",
    )
    parser.add_argument("--methods", nargs="+", help="rows to run (default: the config's)")
    parser.add_argument(
        "--seeds", nargs="+", type=whole, help="seeds to run (default: the config's)"
    )
    parser.add_argument(
        "--orders",
        nargs="+",
        help="orders to run, such as seg,depth,normal (default: the config's)",
    )
    parser.add_argument(
        "--without-search",
        action="store_true",
        help="search no strengths, take the middle of each list",
    )
    parser.add_argument("--jobs", type=count, default=1, help="number of runs at a time")
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing, write the report only"
    )
    parser.add_argument("--out", type=Path, help=running.OUT_HELP)
    args = parser.parse_args(argv)
    args.orders = [order.split(",") for order in args.orders] if args.orders else None
    args.work_dir = args.work_dir or Path("work_dirs/benchmark") / Path(args.config).stem
    args.records = args.records or Path("docs/results/runs") / Path(args.config).stem
    return args


def main(argv: list[str] | None = None) -> None:
    """Search strengths, run all methods, report."""
    args = parse_args(argv)
    cfg = read_benchmark(args.config)
    if args.without_search:
        cfg.benchmark.search_by = None
    args.seeds = args.seeds or list(cfg.benchmark.seeds)
    args.orders = args.orders or [list(order) for order in cfg.benchmark.orders]
    labels = args.methods or list(cfg.benchmark.get("rows", cfg.benchmark.methods))
    unknown = [label for label in labels if label not in cfg.benchmark.methods]
    if unknown:
        raise SystemExit(f"--methods {unknown}: the config has {list(cfg.benchmark.methods)}")
    orders = [tuple(order) for order in args.orders]
    what = (labels, orders, args.seeds, args.work_dir)
    with nullcontext() if args.report_only else locked(args.work_dir):
        check_settings(cfg, args.work_dir, args.records)
        restore(args.records, args.work_dir)
        if not args.report_only:
            search(cfg, labels, orders[0], args.work_dir, args.jobs, args.records)
            runs = list(final_runs(cfg, *what))
            execute(runs, cfg, args.work_dir, args.jobs, "runs", args.records)
    command = f"python tools/benchmarks/methods.py {args.config}"
    command += " --without-search" if args.without_search else ""
    text = report(cfg, command, *what)
    if args.out:
        running.write_section(args.out, f"methods {Path(args.config).stem}", text)


if __name__ == "__main__":
    run_command(main)
