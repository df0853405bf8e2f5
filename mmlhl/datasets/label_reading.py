"""Reading labels before training, as training would, so that faults are not met hours later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mmengine.dist import get_rank, get_world_size

from .multi_task_dataset import MultiTaskDataset
from .pipelines import single_steps
from .transforms import LoadImage, LoadMultiTaskAnnotations

_THREADS = 4


def read_labels(dataset: MultiTaskDataset, every: bool, known: set[tuple[str, str]]) -> None:
    """Read labels of all images of a dataset; several processes share them.

    A dataset whose samples are made or labels are read in a way of its own is left alone.

    Args:
        dataset: The dataset.
        every: Whether images and every annotation are read. Otherwise class ids and masks are:
            they are read fast, and an id that is no class is the most frequent fault.
        known: Tasks and files that have been read, which are left out; others are added.

    Raises:
        ValueError: About the first file with which training would fail.
    """
    steps = list(single_steps(dataset.pipeline))
    loader = _loader(dataset, steps)
    if loader is None:
        return
    image = next((step for step in steps if every and type(step) is LoadImage), None)
    specs = dataset.ann_specs.items()
    tasks = [task for task, ann in specs if ann.source is None and (every or ann.is_integer)]

    def fault(place: int) -> str:
        info: Any = dataset.get_data_info(place)
        found = [(task, info["ann_paths"][task]) for task in tasks]
        files = [file for file in found if file not in known]
        known.update(files)
        info.pop("stored_labels")
        try:
            if image is not None and files:
                info = image(info)
            for task, _ in files if info else ():  # none of an image that is left out
                loader(task)({**info, "seg_fields": [], "dense_fields": {}})
        except (OSError, ValueError) as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(fault, range(get_rank(), len(dataset), get_world_size())):
            if found:
                pool.shutdown(wait=False, cancel_futures=True)
                raise ValueError(
                    f"{found}. It was found before training, among the labels of {len(dataset)} "
                    "images; mmlhl check-dataset reads all and names each fault"
                )


def _loader(
    dataset: MultiTaskDataset, steps: Iterable[Any]
) -> Callable[[str], LoadMultiTaskAnnotations] | None:
    """What makes the loader of a task's labels; None for a dataset that reads in its own way."""
    for way in ("__getitem__", "prepare_data"):  # which may leave out samples that fail
        if getattr(type(dataset), way) is not getattr(MultiTaskDataset, way):
            return None
    for step in steps:
        if type(step) is LoadMultiTaskAnnotations:
            backend = step.backend_args
            return lambda task: LoadMultiTaskAnnotations(tasks=[task], backend_args=backend)
    return None
