"""Check the data of a config for missing, broken and unusual files.

It reads every image and annotation like training, those of single phases too, prints missing and
broken files, the range of values and the share of each class, and exits with 1 if training would
fail.

Example:
    python tools/dataset_converters/check_dataset.py configs/_base_/datasets/nyuv2.py
    python tools/dataset_converters/check_dataset.py CONFIG --data-root /data/nyuv2 --limit 100
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

LOADERS = ("train", "val", "test")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    from mmlhl.command_line import Parser, config_file, count

    parser = Parser(__doc__)
    parser.add_argument(
        "config",
        type=config_file,
        help="config with train_dataloader, val_dataloader or test_dataloader",
    )
    parser.add_argument("--data-root", help="folder to read in place of the config's data_root")
    parser.add_argument(
        "--splits",
        nargs="+",
        choices=LOADERS,
        help="loaders to check (default: all that the config has)",
    )
    parser.add_argument("--tasks", nargs="+", help="annotations to check (default: all)")
    parser.add_argument(
        "--limit", type=count, help="samples per split, evenly spaced (default: all)"
    )
    parser.add_argument("--workers", type=count, default=2, help="number of threads that read")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Check the datasets of the config; 1 if training would fail."""
    args = parse_args(argv)
    from mmengine import DefaultScope
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    from mmlhl.config_files import read_config
    from mmlhl.datasets.checking import (
        SEG,
        build_set,
        check_samples,
        left_out,
        sets_of,
        show_reports,
    )
    from mmlhl.engine.phases.grammar import merged_config, read_phases
    from mmlhl.registered import type_name

    console = Console()

    def complain(reason: str) -> None:
        console.print(f"[red]{escape(reason)}[/red]", highlight=False, soft_wrap=True)

    failures, checked = 0, 0
    with DefaultScope.overwrite_default_scope("mmseg"):
        cfg, wanted = read_config(args.config), args.splits or LOADERS
        sets = sets_of(cfg, wanted, args.data_root, args.tasks)
        lacking = [split for split in args.splits or () if not sets_of(cfg, [split])]
        for phase in read_phases(cfg) if "phases" in cfg else ():
            if any(f"{split}_dataloader" in phase.cfg for split in wanted):
                own = sets_of(merged_config(cfg, phase), wanted, args.data_root, args.tasks)
                sets.update(
                    (f"phases[{phase.index}]: {name}", dataset)
                    for name, dataset in own.items()
                    if dataset not in sets.values()
                )
        if lacking or not sets:
            raise ValueError(f"{args.config} has no dataset in {lacking or list(wanted)}")
        for splits, dataset_cfg in sets.items():
            console.rule(f"{splits}: {type_name(dataset_cfg)} in {dataset_cfg.get('data_root')}")
            dataset, absent = build_set(dataset_cfg, complain)
            failures += absent
            if dataset is None:
                continue
            checked += 1
            tasks = getattr(dataset, "tasks", [SEG])
            console.print(f"{len(dataset)} samples, annotations: {', '.join(tasks)}")
            reports = check_samples(
                dataset,
                args.limit,
                args.workers,
                lambda found, total: track(found, "reading", total=total, console=console),
                left_out(cfg._cfg_dict),
            )
            names = dataset.metainfo.get("classes")
            classes = {
                report.name: (report.ann and report.ann.classes) or names
                for report in reports
                if report.kind == "classes"
            }
            failures += show_reports(reports, classes, console)
    if not checked and not failures:
        raise ValueError(f"{args.config}: none of its datasets can be read here")
    if failures:
        console.print(f"[red]Training would fail or learn nothing: {failures} reasons above.[/red]")
        return 1
    console.print("[green]All that was read can be trained on.[/green]")
    return 0


if __name__ == "__main__":
    from mmlhl.refusals import run_command

    run_command(main)
