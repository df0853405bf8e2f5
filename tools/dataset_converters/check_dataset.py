"""Walk through the data that a config trains and tests on, and say what is there.

Reads every image and annotation as training would, prints what is missing or broken, the range of
values and the share of each class, and exits with 1 where training would fail.

Example:
    python tools/dataset_converters/check_dataset.py configs/_base_/datasets/nyuv2.py
    python tools/dataset_converters/check_dataset.py CONFIG --data-root /data/nyuv2 --limit 100
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

LOADERS = ("train", "val", "test")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    from mmlhl.command_line import Parser

    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config with train_dataloader, val_dataloader ...")
    parser.add_argument("--data-root", help="in place of the config's data_root")
    parser.add_argument("--splits", nargs="+", choices=LOADERS, default=list(LOADERS))
    parser.add_argument("--tasks", nargs="+", help="check only these annotations")
    parser.add_argument("--limit", type=int, help="samples a split, spread evenly; default: all")
    parser.add_argument("--workers", type=int, default=2, help="threads that read")
    return parser.parse_args(argv)


def datasets_of(cfg, args) -> dict[str, dict]:
    """Different datasets of the config's loaders, by the names of their loaders."""
    found: dict[str, dict] = {}
    for split in args.splits:
        dataset = cfg.get(f"{split}_dataloader", {}).get("dataset")
        while dataset is not None and "dataset" in dataset:  # wrappers such as RepeatDataset
            dataset = dataset["dataset"]
        if dataset is None:
            continue
        # of the pipeline only what says how images are to be read
        steps = [s for s in dataset.get("pipeline", []) if s.get("type") == "LoadImage"]
        dataset = {k: v for k, v in dataset.items() if k not in ("pipeline", "test_mode", "part")}
        if steps:
            dataset["pipeline"] = steps
        if args.data_root:
            dataset["data_root"] = args.data_root
        if args.tasks:
            dataset["tasks"] = args.tasks
        same = [name for name, other in found.items() if other == dataset]
        if same:
            found[f"{same[0]}, {split}"] = found.pop(same[0])
        else:
            found[split] = dataset
    return found


def build(cfg: dict, console) -> tuple[object | None, int]:
    """The dataset, without the annotations that it does not have, and how many those are."""
    from mmseg.registry import DATASETS

    from mmlhl.datasets import MultiTaskDataset

    expected = (OSError, ValueError)
    try:
        dataset = DATASETS.build(dict(cfg))
        if not isinstance(dataset, MultiTaskDataset):
            raise ValueError(f"{cfg['type']} is no MultiTaskDataset")
        return dataset, 0
    except expected as error:
        first = str(error)
        console.print(f"[red]{first}[/red]", highlight=False, soft_wrap=True)
    try:
        names = DATASETS.build({**cfg, "lazy_init": True}).tasks
    except expected:
        return None, 1
    usable = []
    for name in names:
        try:
            DATASETS.build({**cfg, "tasks": [name]})
            usable.append(name)
        except expected as error:
            if str(error) != first:
                console.print(f"[red]{error}[/red]", highlight=False, soft_wrap=True)
    if not usable:
        return None, 1
    return DATASETS.build({**cfg, "tasks": usable}), len(names) - len(usable)


def show(reports, classes, console) -> int:
    """Print tables; return the number of reasons why training would fail."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in ("", "kind", "files", "missing", "broken", "size", "unknown", "range", "mean"):
        table.add_column(column, overflow="fold")
    for report in reports:
        size = " ".join("x".join(map(str, s)) for s, _ in report.sizes.most_common(2))
        unknown = 1 - report.known / report.pixels if report.pixels else float("nan")
        values = f"{report.lowest:.4g} .. {report.highest:.4g}" if report.known else "-"
        more = " ..." if len(report.sizes) > 2 else ""
        numbers = [str(n) for n in (report.files, report.missing, report.broken)]
        mean = "-" if report.kind == "classes" else f"{report.mean:.4g}"
        table.add_row(
            report.name, report.kind, *numbers, size + more, f"{100 * unknown:.1f} %", values, mean
        )
    console.print(table)
    for report in reports:
        if report.counts is not None and report.known:
            names = classes.get(report.name) or [str(i) for i in range(len(report.counts))]
            shares = 100 * report.counts / report.known
            order = sorted(range(len(shares)), key=lambda i: -shares[i])
            listed = ", ".join(f"{names[i]} {shares[i]:.1f} %" for i in order)
            console.print(f"{report.name}: {listed}", highlight=False, soft_wrap=True)
    for report in reports:
        for problem in report.problems:
            console.print(f"[red]  {problem}[/red]", highlight=False, soft_wrap=True)
        for note in report.remarks:
            console.print(f"[yellow]  note: {note}[/yellow]", highlight=False, soft_wrap=True)
    return sum(len(report.fatal) for report in reports)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    from mmengine import Config, DefaultScope
    from rich.console import Console
    from rich.progress import track

    from mmlhl.datasets.checking import check_samples

    console = Console()
    cfg = Config.fromfile(args.config)
    datasets = datasets_of(cfg, args)
    if not datasets:
        console.print(f"[red]{args.config} has no dataset in {args.splits}[/red]")
        return 1
    failures = 0
    with DefaultScope.overwrite_default_scope("mmseg"):
        for splits, dataset_cfg in datasets.items():
            console.rule(f"{splits}: {dataset_cfg['type']} in {dataset_cfg.get('data_root')}")
            dataset, absent = build(dataset_cfg, console)
            failures += absent
            if dataset is None:
                continue
            console.print(f"{len(dataset)} samples, annotations: {', '.join(dataset.tasks)}")
            reports = check_samples(
                dataset,
                args.limit,
                args.workers,
                lambda found, total: track(found, "reading", total=total, console=console),
            )
            classes = {
                ann.name: ann.classes or dataset.metainfo.get("classes")
                for ann in dataset.ann_specs.values()
                if ann.kind == "classes"
            }
            failures += show(reports, classes, console)
    if failures:
        console.print(f"[red]Training would fail or learn nothing: {failures} reasons above.[/red]")
        return 1
    console.print("[green]All that was read can be trained on.[/green]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
