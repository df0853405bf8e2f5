"""Compare the speed of loading samples with a plain torch ``Dataset`` that does the same.

Both read the authors' NYUv2 arrays (``{train,val}/{image,label,depth,normal}/<i>.npy``), unify the
fill values of unmeasured pixels, zoom into a random part, flip at random and return CHW tensors.
Without ``--data-root``, arrays of the same sizes are made in a temporary folder.

Example:
    python tools/benchmarks/data_loading.py --workers 2 --repeats 5
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from mmlhl.analysis.benchmarks.data_loading import (
    PlainDataset,
    images_a_second,
    our_dataset,
    write_arrays,
)
from mmlhl.command_line import Parser, amount, count, whole
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--data-root", help="folder of NYUv2 arrays (default: made in a temporary one)"
    )
    parser.add_argument("--workers", type=whole, default=2, help="processes that load")
    parser.add_argument("--batch-size", type=count, default=16, help="images per batch")
    parser.add_argument("--repeats", type=count, default=3, help="passes over the set")
    parser.add_argument("--count", type=count, default=128, help="number of images to make")
    parser.add_argument(
        "--size",
        type=count,
        nargs=2,
        default=(288, 384),
        metavar=("H", "W"),
        help="pixels of an image",
    )
    parser.add_argument("--dtype", default="float32", help="type of the arrays to make")
    parser.add_argument(
        "--zooms", type=amount, nargs="+", default=(1.0, 1.2, 1.5), help="zoom factors to draw from"
    )
    parser.add_argument("--flip", type=amount, default=0.5, help="probability of a flip")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Measure both and print a table.

    Returns:
        Median images per second of ``plain`` and ``mmlhl``.
    """
    args = parse_args(argv)
    cv2.setNumThreads(0)  # as in mmengine's workers: processes, not threads, share the cores
    with tempfile.TemporaryDirectory() as folder:
        root = args.data_root
        if root is None:
            root = folder
            write_arrays(Path(folder), args.count, *args.size, args.dtype)
        zooms = tuple(args.zooms)
        datasets = {
            "plain": PlainDataset(root, zooms, args.flip),
            "mmlhl": our_dataset(root, zooms, args.flip),
        }
        rates = images_a_second(datasets, args.batch_size, args.workers, args.repeats)
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    table = Table(title=f"images per second, {args.workers} workers, batch {args.batch_size}")
    for column in ("dataset", "median", "lowest", "highest", "of plain"):
        table.add_column(column, justify="left" if column == "dataset" else "right")
    for name, values in rates.items():
        share = f"{medians[name] / medians['plain']:.2f}"
        cells = [f"{v:.1f}" for v in (medians[name], min(values), max(values))]
        table.add_row(name, *cells, share)
    Console().print(table)
    return medians


if __name__ == "__main__":
    run_command(main)
