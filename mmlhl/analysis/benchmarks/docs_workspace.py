"""A folder in which the commands of the docs run: tiny data in the layouts of their publishers."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

#: Size of the images of tiny data sets.
SIZE = (48, 64)


def make_workspace(folder: Path) -> None:
    """Write what the pages take for granted: photographs, NYUv2 and CamVid."""
    rng = np.random.default_rng(0)
    for name in ("photos/a.jpg", "photos/b.jpg"):
        _write_image(folder / name, rng)
    for split, count in (("train", 8), ("val", 4), ("test", 4)):
        for index in range(count):
            name = f"{index}"
            _write_image(folder / f"data/camvid/{split}/{name}.jpg", rng)
            _write_labels(folder / f"data/camvid/{split}annot/{name}.png", rng, 12)
            if split != "test":
                _write_arrays(folder / "data/nyuv2" / split, name, rng)
    _write_publishers_file(folder)


def copy_run(folder: Path, source: str, target: str) -> None:
    """Copy a finished run, with its config as ``config.py``, as the benchmarks keep it."""
    shutil.copytree(folder / source, folder / target, dirs_exist_ok=True)
    (config,) = (folder / target / "vis_data").glob("config.py")
    shutil.copy(config, folder / target / "config.py")


def _write_image(path: Path, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), rng.integers(0, 256, (*SIZE, 3), np.uint8))


def _write_labels(path: Path, rng: np.random.Generator, classes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), rng.integers(0, classes, SIZE, np.uint8))


def _write_arrays(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Write a frame of NYUv2 as arrays."""
    normal = rng.normal(size=(*SIZE, 3)).astype(np.float32)
    maps = dict(
        image=rng.random((*SIZE, 3), np.float32),
        label=rng.integers(-1, 13, SIZE).astype(np.float32),
        depth=rng.uniform(1, 5, (*SIZE, 1)).astype(np.float32),
        normal=normal / np.linalg.norm(normal, axis=-1, keepdims=True),
    )
    for kind, values in maps.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        np.save(folder / kind / f"{name}.npy", values)


def _write_publishers_file(folder: Path) -> None:
    """Write NYUv2 as its publisher does, with two frames."""
    import h5py
    from scipy.io import savemat

    rows = np.linspace(1.0, 4.0, 480, dtype=np.float32)
    depth = np.broadcast_to(rows, (2, 640, 480))
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "w") as file:
        file["images"] = np.full((2, 3, 640, 480), 90, np.uint8)
        file["labels"] = np.full((2, 640, 480), 5, np.uint16)
        file["depths"] = file["rawDepths"] = depth
    savemat(folder / "splits.mat", dict(trainNdxs=np.array([[1]]), testNdxs=np.array([[2]])))
