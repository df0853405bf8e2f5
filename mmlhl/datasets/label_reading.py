"""Reading labels before training, as training would, so that faults are not met hours later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from mmengine.dist import get_rank, get_world_size
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations

from ..explaining import explained_error
from .decoding.labels import some_numbers
from .multi_task_dataset import MultiTaskDataset
from .pipelines import single_steps
from .transforms import LoadImage, LoadMultiTaskAnnotations

_THREADS = 4
_STOCK = ("mmcv", "mmseg", "mmlhl")


def read_labels(
    dataset: BaseSegDataset,
    every: bool,
    known: set[tuple[str, str, str]],
    ignored: Collection[int] = (),
) -> None:
    """Read labels of all images of a dataset; several processes share them.

    A dataset whose samples are made or labels are read in a way of its own is left alone.

    Args:
        dataset: The dataset, ours or mmseg's.
        every: Whether images and every annotation are read. Otherwise class ids and masks are:
            they are read fast, and an id that is no class is the most frequent fault.
        known: Tasks, images (empty unless they are read) and labels that have been read, which are
            left out; others are added.
        ignored: Ids that what uses the labels leaves out, besides that of a dataset of mmseg's.

    Raises:
        ValueError: About the first file with which training would fail.
    """
    ours = isinstance(dataset, MultiTaskDataset)
    read = _reader(dataset, every, known) if ours else _stock_reader(dataset, known, ignored)
    if read is None or makes_samples(dataset):
        return

    def fault(place: int) -> str:
        try:
            read(dataset.get_data_info(place))
        except (OSError, ValueError) as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(fault, range(get_rank(), len(dataset), get_world_size())):
            if found:
                pool.shutdown(wait=False, cancel_futures=True)
                raise ValueError(
                    f"{found}. It was found before training, among the labels of {len(dataset)} "
                    "images; mmlhl check-dataset reads all, and names each fault"
                )


def makes_samples(dataset: BaseSegDataset) -> bool:
    """Whether a dataset makes samples in a way of its own, which may leave out those that fail."""
    ways = ("__getitem__", "prepare_data")
    return any(getattr(type(dataset), way) is not getattr(BaseSegDataset, way) for way in ways)


def _reader(
    dataset: MultiTaskDataset, every: bool, known: set[tuple[str, str, str]]
) -> Callable[[dict], None] | None:
    """What reads the files of a sample; None if another transform does."""
    steps = list(single_steps(dataset.pipeline))
    loader = next((step for step in steps if type(step) is LoadMultiTaskAnnotations), None)
    if loader is None:
        return None
    image = next((step for step in steps if every and type(step) is LoadImage), None)
    specs = dataset.ann_specs.items()
    tasks = [task for task, ann in specs if ann.source is None and (every or ann.is_integer)]

    def read(info: Any) -> None:
        # sizes are compared with those of the image, of which two sets may have different ones
        shown = "" if image is None else info["img_path"]
        found = [(task, shown, info["ann_paths"][task]) for task in tasks]
        files = [file for file in found if file not in known]
        known.update(files)
        info.pop("stored_labels")
        if image is not None and files:
            info = image(info)
        for task, *_ in files if info else ():  # none of an image that is left out
            one = LoadMultiTaskAnnotations(tasks=[task], backend_args=loader.backend_args)
            one({**info, "seg_fields": [], "dense_fields": {}})

    return read


def _stock_reader(
    dataset: BaseSegDataset, known: set[tuple[str, str, str]], ignored: Collection[int]
) -> Callable[[dict], None] | None:
    """The same for a dataset of mmseg's."""
    ids = stock_ids(dataset, ignored)
    if ids is None:
        return None

    def read(info: dict) -> None:
        path = info.get("seg_map_path")
        if path is not None and ("", "", path) not in known:
            known.add(("", "", path))
            ids(info)

    return read


def stock_ids(
    dataset: BaseSegDataset, ignored: Collection[int] = ()
) -> Callable[[dict], np.ndarray] | None:
    """What reads the class ids of a dataset of mmseg's, whose loader does not know their number.

    Args:
        dataset: The dataset.
        ignored: As in :func:`read_labels`.

    Returns:
        A function of a sample with a label, which gives ``(H, W)`` ids and raises a ``ValueError``
        about a file that cannot be used; None if the ids are read in a way of its own.
    """
    loader, count = stock_loader(dataset), len(dataset.metainfo.get("classes") or ())
    if loader is None or not count:
        return None

    def read(info: dict) -> np.ndarray:
        path = info["seg_map_path"]
        with naming_file(path):
            ids = loader(info)["gt_seg_map"]
        bad = ids[(ids >= count) & (ids != dataset.ignore_index)]
        bad = bad[~np.isin(bad, list(ignored))]
        if bad.size:
            raise ValueError(
                f"{path}: class id out of range: got {some_numbers(bad)} in {bad.size} pixels; "
                f"{type(dataset).__name__} has {count} classes, from 0 on, and "
                f"leaves out {dataset.ignore_index}; if the head has "
                "another ignore_index, give it to the dataset as well"
            )
        return ids

    return read


@contextmanager
def naming_file(path: str) -> Iterator[None]:
    """Let errors of a decoder, which may lack the file, name it.

    Raises:
        ValueError: In place of an error that does not name it.
    """
    try:
        yield
    except Exception as error:
        if path in str(error):
            raise
        raise ValueError(f"{path}: cannot be read: {explained_error(error)}") from error


def stock_loader(dataset: BaseSegDataset) -> LoadAnnotations | None:
    """What reads the labels of a dataset of mmseg's.

    Returns:
        The transform; None if there is none, or transforms of a user's own, which may give other
        ids to what was loaded.
    """
    steps = list(single_steps(dataset.pipeline))
    stock = all(type(step).__module__.split(".")[0] in _STOCK for step in steps)
    return next((step for step in steps if stock and type(step) is LoadAnnotations), None)
