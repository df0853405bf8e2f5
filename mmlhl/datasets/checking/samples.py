"""Reading samples one by one, as in training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from mmseg.datasets import BaseSegDataset

from ..annotation import Annotation
from ..dark_images import spread, stored_greatest
from ..decoding import pick_channels
from ..decoding.normals import normal_lengths
from ..multi_task_dataset import MultiTaskDataset
from ..palettes import Shown, ids_may_be_colours, shown_colours
from ..reading import is_array, orientation_of, read_bytes, read_raw, turns
from ..reading.shown_greys import grey_bits
from ..transforms import LoadMultiTaskAnnotations
from .report import MapReport
from .stock import SEG, read_stock, stock_readers

IMAGE = None
"""Key of the image beside the tasks, one of which may be called ``image``."""


def check_samples(
    dataset: BaseSegDataset,
    limit: int | None = None,
    workers: int = 2,
    progress: Callable[[Iterable, int], Iterable] | None = None,
    ignored: Collection[int] = (),
) -> list[MapReport]:
    """Read samples and their annotations one by one.

    Args:
        dataset: The dataset. Of the pipeline of one of ours only the loader of images is used, of
            mmseg's that of class ids, too.
        limit: Greatest number of samples, spread evenly; all when None.
        workers: Threads that read.
        progress: Wraps the loop, given an iterable and its length.
        ignored: Ids in labels of mmseg's datasets that what uses them leaves out.

    Returns:
        A report for the images and one for each annotation.
    """
    indices = spread(len(dataset), len(dataset) if limit is None else limit)
    reports = [MapReport("image", "image")]
    if isinstance(dataset, MultiTaskDataset):
        reports += [MapReport(a.name, a.kind, _classes(a), a) for a in dataset.ann_specs.values()]
    else:
        readers = stock_readers(dataset, ignored)
        reports.append(MapReport(SEG, "classes", len(dataset.metainfo.get("classes") or ())))

    def read(index: int) -> _Sample:
        if isinstance(dataset, MultiTaskDataset):
            return _read(dataset, index)
        return _Sample(read_stock(dataset, index, readers))

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        found: Iterable = pool.map(read, indices)
        if progress is not None:
            found = progress(found, len(indices))
        for sample in found:
            reports[0].turned += sample.turned
            if sample.greatest is not None:
                reports[0].deepest = max(reports[0].deepest or 0, sample.greatest)
            for report in reports:
                result = sample.maps.get(IMAGE if report is reports[0] else report.name)
                if isinstance(result, Exception):
                    report.fail(result)
                elif result is not None:
                    report.add(result)
                if report.name in sample.lengths:
                    report.add_lengths(sample.lengths[report.name])
                if (bits := sample.bits.get(report.name)) is not None:
                    report.bits[bits] += 1
                if report.name in sample.shown:
                    report.palettes.add(*sample.shown[report.name])
    return reports


def _classes(ann: Annotation) -> int:
    return 2 if ann.kind == "binary" else ann.num_classes or 0


@dataclass
class _Sample:
    """What was found in one sample.

    Attributes:
        maps: Image and annotations, or the error that reading one raised.
        lengths: Lengths of normals by task.
        bits: Bits of a number in grey PNGs of ids by task.
        shown: File of ids, and the colours that its palette gives them, by task.
        turned: Whether an orientation tag rotates the image.
        greatest: The greatest number in an image of 16 bits, see :func:`stored_greatest`.
    """

    maps: dict[str | None, np.ndarray | Exception] = field(default_factory=dict)
    lengths: dict[str, np.ndarray] = field(default_factory=dict)
    bits: dict[str, int | None] = field(default_factory=dict)
    shown: dict[str, tuple[str, Shown]] = field(default_factory=dict)
    turned: bool = False
    greatest: int | None = None


def _read(dataset: MultiTaskDataset, index: int) -> _Sample:
    found = _Sample()
    maps = found.maps
    info = dataset.get_data_info(index)
    try:
        found.greatest = stored_greatest(info["img_path"], dataset.img_loader, dataset.backend_args)
        found.turned = _is_turned(dataset, info["img_path"])
        info = dataset.img_loader(info)
        maps[IMAGE] = info["img"]
    except (OSError, ValueError) as error:
        maps[IMAGE] = error
    for name, ann in dataset.ann_specs.items():
        if ann.source is not None and isinstance(maps[IMAGE], Exception):
            continue
        loader = LoadMultiTaskAnnotations(tasks=[name], backend_args=dataset.backend_args)
        try:
            results = loader({**info, "seg_fields": [], "dense_fields": {}})
            maps[name] = results[ann.key]
            path = info["ann_paths"].get(name, "")
            if ids_may_be_colours(ann, path):
                found.bits[name] = grey_bits(path)
                content = read_bytes(path, name, dataset.backend_args)
                found.shown[name] = (path, shown_colours(content, path))
            if ann.kind == "normal" and ann.source is None:
                raw = read_raw(path, name, dataset.backend_args, ann.reader)
                found.lengths[name] = normal_lengths(pick_channels(raw, ann, path), ann, path)
        except (OSError, ValueError, KeyError) as error:
            maps[name] = error
    return found


def _is_turned(dataset: MultiTaskDataset, path: str) -> bool:
    if is_array(path) or not turns(dataset.img_loader):
        return False
    return orientation_of(read_bytes(path, "image", dataset.backend_args)) != 1
