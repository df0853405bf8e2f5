"""Speed of loading NYUv2's arrays, compared with a plain torch ``Dataset`` that does the same."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from ...datasets import NYUv2Dataset

FOLDERS = ("image", "label", "depth", "normal")


class PlainDataset(Dataset):
    """A hand-written dataset: the same reads and the same augmentation, nothing else."""

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
            valid = np.isfinite(array if array.ndim == 2 else array[..., 0])
            weight = cv2.resize(valid.astype(np.float32), (width, height))
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
    """Write random arrays of NYUv2's kinds, with a tenth of the pixels unmeasured."""
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
    datasets: dict[str, Dataset], batch_size: int, workers: int, repeats: int
) -> dict[str, list[float]]:
    """Images per second of several passes, by dataset.

    The passes take turns, so that other load on the machine affects all datasets alike; the first
    pass, which starts the workers, is not counted.
    """
    loaders = {
        name: DataLoader(
            dataset,
            batch_size=batch_size,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=list,
            shuffle=True,
        )
        for name, dataset in datasets.items()
    }
    rates: dict[str, list[float]] = {name: [] for name in datasets}
    for _ in range(repeats + 1):
        for name, loader in loaders.items():
            begin = time.perf_counter()
            count = sum(len(batch) for batch in loader)
            rates[name].append(count / (time.perf_counter() - begin))
    return {name: values[1:] for name, values in rates.items()}
