"""How fast samples are loaded, beside a plain torch ``Dataset`` that does the same.

Both read the authors' NYUv2 arrays (``{train,val}/{image,label,depth,normal}/<i>.npy``), turn the
marks for unmeasured pixels into one convention, zoom into a random part, flip at random and give
CHW tensors. Without ``--data-root`` arrays of the same sizes are made in a temporary folder.

    python tools/benchmarks/data_loading.py --workers 2 --repeats 5
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

from mmlhl.command_line import Parser
from mmlhl.datasets import NYUv2Dataset

FOLDERS = ("image", "label", "depth", "normal")


class PlainDataset(Dataset):
    """What one would write by hand: the same reads and the same augmentation, nothing else."""

    def __init__(self, root: str, zooms: tuple[float, ...], flip: float) -> None:
        self.root = Path(root) / "train"
        self.ids = sorted(path.stem for path in (self.root / "image").glob("*.npy"))
        self.zooms = zooms
        self.flip = flip

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        image, label, depth, normal = (
            np.load(self.root / folder / f"{self.ids[index]}.npy") for folder in FOLDERS
        )
        image = image[..., ::-1].astype(np.float32) * 255
        label = label.astype(np.int64)
        label[label < 0] = 255
        depth = depth[..., 0].astype(np.float32)
        depth[depth == 0] = np.nan
        normal = normal.astype(np.float32)
        length = np.linalg.norm(normal, axis=2, keepdims=True)
        normal = np.where(length > 0, normal / np.where(length > 0, length, 1), np.nan)
        zoom = self.zooms[np.random.randint(len(self.zooms))]
        if zoom != 1:
            image, label, depth, normal = self._zoom(image, label, depth, normal, zoom)
        if np.random.rand() < self.flip:
            image, label, depth, normal = (a[:, ::-1] for a in (image, label, depth, normal))
            normal = normal * np.array([-1, 1, 1], np.float32)
        arrays = dict(
            inputs=image.transpose(2, 0, 1),
            seg=label[None],
            depth=depth[None],
            normal=normal.transpose(2, 0, 1).astype(np.float32),
        )
        return {k: torch.from_numpy(np.ascontiguousarray(a)) for k, a in arrays.items()}

    @staticmethod
    def _zoom(
        image: np.ndarray, label: np.ndarray, depth: np.ndarray, normal: np.ndarray, zoom: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        height, width = label.shape
        h, w = round(height / zoom), round(width / zoom)
        top, left = np.random.randint(height - h + 1), np.random.randint(width - w + 1)

        def cut(array: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(array[top : top + h, left : left + w])

        def enlarge(array: np.ndarray) -> np.ndarray:
            known = np.isfinite(array if array.ndim == 2 else array[..., 0])
            weight = cv2.resize(known.astype(np.float32), (width, height))
            weight[weight < 0.5] = np.nan
            out = cv2.resize(np.nan_to_num(array), (width, height))
            return out / (weight if array.ndim == 2 else weight[..., None])

        image = cv2.resize(cut(image), (width, height))
        label = cv2.resize(
            cut(label).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        ).astype(np.int64)
        depth, normal = enlarge(cut(depth)) / zoom, enlarge(cut(normal))
        return image, label, depth, normal / np.linalg.norm(normal, axis=2, keepdims=True)


def our_dataset(root: str, zooms: tuple[float, ...], flip: float) -> NYUv2Dataset:
    """The multi-task dataset with the pipeline of the config files."""
    pipeline = [
        dict(type="LoadImageFromFile"),
        dict(type="LoadMultiTaskAnnotations"),
        dict(type="MultiTaskRandomScaleCrop", scales=zooms),
        dict(type="MultiTaskRandomFlip", prob=float(flip)),
        dict(type="PackMultiTaskInputs"),
    ]
    return NYUv2Dataset(data_root=root, split="train", pipeline=pipeline)


def write_arrays(root: Path, count: int, height: int, width: int, dtype: str) -> None:
    """Random arrays of NYUv2's kinds and sizes, with a tenth of the pixels unmeasured."""
    rng = np.random.default_rng(0)
    for folder in FOLDERS:
        (root / "train" / folder).mkdir(parents=True)
    for i in track(range(count), "writing arrays"):
        hole = rng.random((height, width)) < 0.1
        normal = rng.normal(size=(height, width, 3))
        normal /= np.linalg.norm(normal, axis=2, keepdims=True)
        normal[hole] = 0
        arrays = dict(
            image=rng.random((height, width, 3)),
            label=np.where(hole, -1, rng.integers(0, 13, (height, width))),
            depth=np.where(hole, 0, rng.uniform(1, 9, (height, width)))[..., None],
            normal=normal,
        )
        for folder, array in arrays.items():
            np.save(root / "train" / folder / f"{i}.npy", array.astype(dtype))


def images_a_second(
    datasets: dict[str, Dataset], args: argparse.Namespace
) -> dict[str, list[float]]:
    """Rates of several passes by dataset.

    The passes take turns, so that a busy machine hits all alike; the first one, which starts the
    workers, is not counted.
    """
    loaders = {
        name: DataLoader(
            dataset,
            batch_size=args.batch_size,
            num_workers=args.workers,
            persistent_workers=args.workers > 0,
            collate_fn=list,
            shuffle=True,
        )
        for name, dataset in datasets.items()
    }
    rates: dict[str, list[float]] = {name: [] for name in datasets}
    for _ in range(args.repeats + 1):
        for name, loader in loaders.items():
            begin = time.perf_counter()
            count = sum(len(batch) for batch in loader)
            rates[name].append(count / (time.perf_counter() - begin))
    return {name: values[1:] for name, values in rates.items()}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", help="NYUv2 arrays; made if not given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--count", type=int, default=128, help="arrays to make")
    parser.add_argument("--size", type=int, nargs=2, default=(288, 384), metavar=("H", "W"))
    parser.add_argument("--dtype", default="float32", help="of the arrays to make")
    parser.add_argument("--zooms", type=float, nargs="+", default=(1.0, 1.2, 1.5))
    parser.add_argument("--flip", type=float, default=0.5)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Measure both and print a table.

    Args:
        argv: Command line.

    Returns:
        Median images a second of ``plain`` and ``mmlhl``.
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
        rates = images_a_second(datasets, args)
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    table = Table(title=f"images a second, {args.workers} workers, batch {args.batch_size}")
    for column in ("dataset", "median", "lowest", "highest", "of plain"):
        table.add_column(column, justify="left" if column == "dataset" else "right")
    for name, values in rates.items():
        share = f"{medians[name] / medians['plain']:.2f}"
        cells = [f"{v:.1f}" for v in (medians[name], min(values), max(values))]
        table.add_row(name, *cells, share)
    Console().print(table)
    return medians


if __name__ == "__main__":
    main()
