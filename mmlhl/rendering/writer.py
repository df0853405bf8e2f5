"""Writing rooms to disk as image files, in parallel and with resume."""

from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..datasets.rooms_classes import CLASSES, PALETTE
from ..files import clean_leftovers, write_bytes
from ..orphans import end_with_parent
from .camera import Camera
from .holes import add_holes
from .layout import sample_scene
from .renderer import render
from .scene import Scene
from .viewpoint import sample_camera

VERSION = 1
"""Increased whenever the same seed gives other files than before."""

FOLDERS = ("image", "label", "depth", "normal")
SPLITS = ("train", "val")
MARKER = "rooms.json"
BEGUN = "rooms.json.begun"


def scene_and_camera(
    split: str, index: int, height: int = 96, width: int = 128, seed: int = 0
) -> tuple[Scene, Camera]:
    """The scene and the camera behind one file of the dataset.

    Args:
        split: ``'train'`` or ``'val'``; they share no scene.
        index: Number of the file.
        height: Image height in pixels.
        width: Image width in pixels.
        seed: Seed of the dataset.
    """
    scene_seed, camera_seed, _ = _seeds(split, index, seed)
    scene = sample_scene(scene_seed)
    return scene, sample_camera(scene, camera_seed, height, width)


def _seeds(split: str, index: int, seed: int) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence([seed, SPLITS.index(split), index]).spawn(3)


def write_scene(root: str, split: str, index: int, height: int, width: int, seed: int) -> None:
    """Render and write one scene: four PNG files ``<root>/<split>/<folder>/<index>.png``.

    Images and labels are 8-bit; depth is 16-bit in millimetres, 0 where unmeasured; normals are
    16-bit with channels ``round((n + 1) * 32767.5)`` in the order x, y, z, and (0, 0, 0) where
    missing.

    Raises:
        ValueError: If a depth does not fit into 16 bits.
    """
    scene, camera = scene_and_camera(split, index, height, width, seed)
    sample = add_holes(render(scene, camera, height, width), _seeds(split, index, seed)[2])
    depth = np.nan_to_num(sample["depth"], nan=0.0)
    if depth.max() * 1000 > 65535:
        raise ValueError(f"{split} {index}: a depth of {depth.max()} m does not fit into 16 bits")
    missing = np.isnan(sample["normal"]).any(axis=2)
    normal = (np.nan_to_num(sample["normal"], nan=0.0) + 1) * 32767.5
    normal[missing] = 0
    arrays = {
        # OpenCV expects the order blue, green, red
        "image": sample["image"][..., ::-1],
        "label": sample["label"],
        "depth": np.round(depth * 1000).astype(np.uint16),
        "normal": np.round(normal).clip(0, 65535).astype(np.uint16)[..., ::-1],
    }
    for folder, array in arrays.items():
        good, data = cv2.imencode(".png", np.ascontiguousarray(array))
        if not good:
            raise OSError(f"{split} {index}: OpenCV could not encode the {folder} as PNG")
        _write(_path(root, split, folder, index), data.tobytes())


def write_rooms(
    root: str | os.PathLike,
    train: int = 600,
    val: int = 120,
    height: int = 96,
    width: int = 128,
    seed: int = 0,
    workers: int = 2,
    progress: bool = True,
) -> int:
    """Write the dataset, or its missing files.

    Scene ``i`` of a split depends on ``seed``, split, ``i`` and the size only, and not on the
    number of workers or scenes. ``rooms.json`` is written last and marks the dataset as complete.

    Args:
        root: Folder to write to.
        train: Number of scenes for training.
        val: Number of scenes for validation.
        height: Image height in pixels.
        width: Image width in pixels.
        seed: Any non-negative integer.
        workers: Number of rendering processes; 0 and 1 render in this process.
        progress: Whether to show a progress bar.

    Returns:
        Number of rendered scenes; 0 if all existed.

    Raises:
        ValueError: If a number is out of range, or if the folder contains rooms of another seed,
            size or version, more scenes than requested, or files that are not rooms.
        ChildProcessError: If one of the processes was killed.
    """
    counts = {"train": train, "val": val}
    for name, value, least in (
        ("train", train, 0),
        ("val", val, 0),
        ("height", height, 8),
        ("width", width, 8),
        ("seed", seed, 0),
        ("workers", workers, 0),
    ):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"rooms: {name} must be an integer >= {least}, got {value!r}")
    root = Path(root)
    settings = {"version": VERSION, "seed": seed, "height": height, "width": width}
    state = {**settings, **counts, "classes": list(CLASSES), "palette": [list(c) for c in PALETTE]}
    _check(root, settings, counts)

    for split in SPLITS:
        for folder in FOLDERS:
            (root / split / folder).mkdir(parents=True, exist_ok=True)
    jobs = [
        (str(root), split, index, height, width, seed)
        for split in SPLITS
        for index in _missing(root, split, counts[split])
    ]
    text = (json.dumps(state, indent=1) + "\n").encode()
    marker, begun = root / MARKER, root / BEGUN
    if not jobs and marker.exists() and marker.read_bytes() == text:
        return 0
    _write(begun, text)
    marker.unlink(missing_ok=True)
    clean_leftovers(root)
    _run(jobs, workers, progress)
    _write(marker, text)
    begun.unlink(missing_ok=True)
    return len(jobs)


def _check(root: Path, settings: dict, counts: dict) -> None:
    """Refuse a folder with other rooms or other files."""
    where = f"rooms in {root}"
    hint = "choose another folder or delete this one"
    for name in (MARKER, BEGUN):
        path = root / name
        if not path.exists():
            continue
        try:
            found = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path} is not readable as JSON ({error}); {hint}") from error
        for key, value in settings.items():
            if found.get(key) != value:
                raise ValueError(
                    f"{where} have {key} {found.get(key)}, but {value} was asked for; {hint}"
                )
        for split, count in counts.items():
            if found.get(split, 0) > count:
                raise ValueError(
                    f"{where} have {found[split]} {split} scenes, but {count} were asked for; "
                    f"ask for at least {found[split]}, or {hint}"
                )
        return
    if any(any((root / split / folder).glob("*.*")) for split in SPLITS for folder in FOLDERS):
        raise ValueError(
            f"{where}: there are files but no {MARKER} that says of which seed; {hint}"
        )


def _missing(root: Path, split: str, count: int) -> list[int]:
    there = [{path.name for path in (root / split / folder).iterdir()} for folder in FOLDERS]
    complete = set.intersection(*there)
    return [index for index in range(count) if f"{index:05d}.png" not in complete]


def _run(jobs: list[tuple], workers: int, progress: bool) -> None:
    columns = (
        TextColumn("rendering rooms"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, disable=not progress or not jobs) as bar:
        task = bar.add_task("rooms", total=len(jobs))
        if workers < 2 or len(jobs) < 2:
            for job in jobs:
                write_scene(*job)
                bar.advance(task)
            return
        # not forked from this process, which may have locked threads of torch or OpenCV
        server = "forkserver" in multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if server else "spawn")
        if server:  # imports everything once for all workers
            context.set_forkserver_preload([__name__])
        # not a Pool, which waits for ever for a process that was killed
        with ProcessPoolExecutor(min(workers, len(jobs)), context, _start_worker) as pool:
            try:
                for _ in pool.map(_write_job, jobs, chunksize=4):
                    bar.advance(task)
            except BrokenProcessPool as error:
                raise ChildProcessError(
                    f"one of {workers} processes was killed, mostly for lack of memory: lower "
                    "--workers; the same command goes on with the scenes that are missing"
                ) from error


def _start_worker() -> None:
    end_with_parent()
    cv2.setNumThreads(1)


def _write_job(job: tuple) -> None:
    write_scene(*job)


def _path(root: str | Path, split: str, folder: str, index: int) -> Path:
    return Path(root) / split / folder / f"{index:05d}.png"


def _write(path: Path, data: bytes) -> None:
    write_bytes(path, data, sync=False)  # a file that exists is complete
