"""Walking through a dataset before training: what is there, what is missing, what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from .annotation import IGNORE, Annotation
from .multi_task_dataset import MultiTaskDataset
from .transforms import LoadImage, LoadMultiTaskAnnotations


@dataclass
class MapReport:
    """What was found of one annotation, or of the images.

    Args:
        name: Task, or ``image``.
        kind: Kind of the annotation, or ``image``.
        classes: Number of classes, for class and binary maps.
    """

    name: str
    kind: str
    classes: int = 0
    files: int = 0
    missing: int = 0
    broken: int = 0
    problems: list[str] = field(default_factory=list)
    sizes: Counter = field(default_factory=Counter)
    pixels: int = 0
    known: int = 0
    empty: int = 0
    lowest: float = float("inf")
    highest: float = float("-inf")
    total: float = 0.0
    counts: np.ndarray | None = None
    towards: int = 0

    def add(self, array: np.ndarray) -> None:
        """Count one map.

        Args:
            array: (H, W) or (H, W, K) in the package's convention.
        """
        self.files += 1
        self.sizes[array.shape[:2]] += 1
        if self.kind == "image":
            known = np.ones(array.shape[:2], bool)
        elif self.kind in ("classes", "binary"):
            known = array != IGNORE
            counts = np.bincount(array[known], minlength=max(self.classes, 1))
            self.counts = counts if self.counts is None else _add(self.counts, counts)
        else:
            known = np.isfinite(array if array.ndim == 2 else array.sum(axis=2))
        count = int(known.sum())
        self.pixels += known.size
        self.known += count
        self.empty += count == 0
        if count:
            values = array[known]
            self.lowest = min(self.lowest, float(values.min()))
            self.highest = max(self.highest, float(values.max()))
            self.total += float(values.mean(dtype=np.float64)) * count
            if self.kind == "normal":
                self.towards += int((values[:, 2] < 0).sum())

    def fail(self, error: Exception) -> None:
        """Note a file that cannot be used.

        Args:
            error: What reading it raised.
        """
        if isinstance(error, FileNotFoundError):
            self.missing += 1
        else:
            self.broken += 1
        if len(self.problems) < 5:
            self.problems.append(str(error))

    @property
    def mean(self) -> float:
        """Mean of the known values."""
        return self.total / self.known if self.known else float("nan")

    @property
    def fatal(self) -> list[str]:
        """Why training on this would fail or learn nothing, in plain words."""
        reasons = []
        if self.missing:
            reasons.append(f"{self.missing} files of {self.name!r} are missing")
        if self.broken:
            reasons.append(f"{self.broken} files of {self.name!r} are broken")
        if self.files and not self.known:
            reasons.append(f"{self.name!r} has no known pixel in any of {self.files} files")
        return reasons

    @property
    def remarks(self) -> list[str]:
        """What training survives, but somebody should look at."""
        notes = []
        if self.empty and self.known:
            notes.append(f"{self.empty} maps of {self.name!r} have no known pixel")
        if len(self.sizes) > 1:
            notes.append(
                f"{self.name!r} comes in {len(self.sizes)} sizes; batches of more than one image "
                "need a crop or padding"
            )
        if self.counts is not None and self.kind == "classes" and self.known:
            absent = np.flatnonzero(self.counts == 0)
            if len(absent):
                notes.append(f"classes {absent.tolist()} of {self.name!r} never occur")
        # under a wide angle, surfaces seen from the front may well have a positive z
        if self.kind == "normal" and self.known and self.towards < 0.5 * self.known:
            notes.append(
                f"only {100 * self.towards / self.known:.0f} % of the normals of {self.name!r} "
                "point towards the camera (negative z); if the set's z axis points backward, set "
                "axes=('x', 'y', '-z') of the annotation"
            )
        return notes


def _add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = max(len(a), len(b))
    return np.pad(a, (0, size - len(a))) + np.pad(b, (0, size - len(b)))


def check_samples(
    dataset: MultiTaskDataset,
    limit: int | None = None,
    workers: int = 2,
    progress: Callable[[Iterable, int], Iterable] | None = None,
) -> list[MapReport]:
    """Read samples and their annotations one by one.

    Args:
        dataset: Its list of samples and annotations are used, its pipeline is not.
        limit: Greatest number of samples, spread evenly; all when None.
        workers: Threads that read.
        progress: Wraps the loop, given an iterable and its length.

    Returns:
        A report for the images and one for each annotation.
    """
    indices = np.arange(len(dataset))
    if limit is not None and limit < len(indices):
        indices = np.linspace(0, len(dataset) - 1, limit).round().astype(int)
    reports = [MapReport("image", "image")]
    reports += [MapReport(a.name, a.kind, _classes(a)) for a in dataset.ann_specs.values()]
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        found: Iterable = pool.map(lambda i: _read(dataset, int(i)), indices)
        if progress is not None:
            found = progress(found, len(indices))
        for maps in found:
            for report in reports:
                result = maps.get(report.name)
                if isinstance(result, Exception):
                    report.fail(result)
                elif result is not None:
                    report.add(result)
    return reports


def _classes(ann: Annotation) -> int:
    return 2 if ann.kind == "binary" else ann.num_classes or 0


def _image_loader(dataset: MultiTaskDataset) -> LoadImage:
    """The pipeline's own, which may say what white is."""
    for step in dataset.pipeline.transforms:
        if isinstance(step, LoadImage):
            return step
    return LoadImage(backend_args=dataset.backend_args)


def _read(dataset: MultiTaskDataset, index: int) -> dict[str, np.ndarray | Exception]:
    """Every map of one sample, or what went wrong with it."""
    info = dataset.get_data_info(index)
    maps: dict[str, np.ndarray | Exception] = {}
    try:
        info = _image_loader(dataset)(info)
        maps["image"] = info["img"]
    except (OSError, ValueError) as error:
        maps["image"] = error
    for name, ann in dataset.ann_specs.items():
        if ann.source is not None and isinstance(maps["image"], Exception):
            continue
        loader = LoadMultiTaskAnnotations(tasks=[name], backend_args=dataset.backend_args)
        try:
            results = loader({**info, "seg_fields": [], "dense_fields": {}})
            maps[name] = results[ann.key]
        except (OSError, ValueError, KeyError) as error:
            maps[name] = error
    return maps
