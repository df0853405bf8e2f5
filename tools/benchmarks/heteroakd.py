"""Distillation between a CNN and a Transformer, both ways, at equal budgets and several seeds.

Teachers are trained first, for longer, one per seed or one for all seeds; then every student alone,
with pixel-wise KD, with channel-wise distillation and with HeteroAKD. All runs of a dataset share
the given config except for their model. Each is trained by tools/train.py in a separate process.
Finished runs are not repeated, so the command can be stopped and given again, also with other
--methods or --seeds. The report lists missing runs. Another budget needs another --work-dir.

Examples:
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_*.py --jobs 2
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_rooms.py --methods HeteroAKD
    python tools/benchmarks/heteroakd.py configs/benchmarks/heteroakd_rooms.py --smoke
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmlhl.analysis.benchmarks import running
from mmlhl.analysis.benchmarks.distillation_report import check_lengths, report
from mmlhl.analysis.benchmarks.distillation_runs import all_runs, shrink, teachers_of
from mmlhl.analysis.benchmarks.distillation_training import execute
from mmlhl.analysis.benchmarks.running import read_benchmark
from mmlhl.command_line import Parser, count, whole
from mmlhl.engine.locking import locked
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; seeds and methods default to the config's."""
    parser = Parser(__doc__)
    parser.add_argument(
        "configs", nargs="+", help="configs with a `benchmark` dict, one per dataset"
    )
    parser.add_argument(
        "--work-dir",
        type=Path,
        default=Path("work_dirs/benchmark_heteroakd"),
        help="folder for all runs",
    )
    parser.add_argument("--methods", nargs="+", help="rows to run (default: all)")
    parser.add_argument(
        "--seeds", nargs="+", type=whole, help="seeds to run (default: the config's)"
    )
    parser.add_argument("--jobs", type=count, default=1, help="number of runs at a time")
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing, write the report only"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="take six steps per run, to see that everything works"
    )
    parser.add_argument("--out", type=Path, help=running.OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train teachers, then students, then report, one dataset after another."""
    args = parse_args(argv)
    root = args.work_dir / "smoke" if args.smoke else args.work_dir
    command = " ".join(["python tools/benchmarks/heteroakd.py", *args.configs])
    command += " --smoke" if args.smoke else ""
    for file in args.configs:
        cfg = read_benchmark(file)
        if args.smoke:
            shrink(cfg)
        seeds, methods = args.seeds or list(cfg.benchmark.seeds), args.methods
        methods = methods or list(cfg.benchmark.methods)
        unknown = [method for method in methods if method not in cfg.benchmark.methods]
        if unknown:
            raise SystemExit(f"--methods {unknown}: {file} has {list(cfg.benchmark.methods)}")
        runs, data = all_runs(cfg, seeds, methods), cfg.benchmark.data
        check_lengths(cfg, [*runs, *teachers_of(runs)], root)
        if not args.report_only:
            with locked(root):
                execute(teachers_of(runs), cfg, root, args.jobs, f"{data}: teachers")
                execute(runs, cfg, root, args.jobs, f"{data}: students")
        text = report(cfg, command, seeds, methods, root)
        if args.out:
            running.write_section(args.out, Path(file).stem, text)


if __name__ == "__main__":
    run_command(main)
