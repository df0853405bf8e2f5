"""The datasets that read stored labels, and their images for the teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmcv.transforms import Compose
from torch.utils.data import Dataset

from ..multi_task_dataset import MultiTaskDataset
from ..pipelines import build_step
from ..wrappers import innermost
from .folder import LabelFolder


def labelled_datasets(dataset: Any) -> list[MultiTaskDataset]:
    """The multi-task datasets in a loader's dataset, also inside wrappers, without repetition.

    Raises:
        ValueError: If there is a dataset of another kind, whose labels would never be read.
    """
    found: dict[int, MultiTaskDataset] = {}
    for each in innermost(dataset):
        if not isinstance(each, MultiTaskDataset):
            raise ValueError(
                f"pseudo_labels: {type(each).__name__} is not a MultiTaskDataset, which reads "
                "stored labels; train on one, or leave pseudo_labels out"
            )
        found[id(each)] = each
    return list(found.values())


def attach(dataset: Any, folder: LabelFolder | None) -> list[tuple[MultiTaskDataset, LabelFolder]]:
    """Make a loader's datasets read stored labels along with annotations, or stop doing so.

    Args:
        dataset: As in :func:`labelled_datasets`.
        folder: Folder of their labels; several datasets get one subfolder each. None stops it.

    Returns:
        Each dataset with its folder; nothing if ``folder`` is None.
    """
    datasets = labelled_datasets(dataset)
    if folder is None:
        for each in datasets:
            each.stored_labels = None
        return []
    folders = [folder]
    if len(datasets) > 1:
        folders = [folder.part(str(number)) for number in range(len(datasets))]
    pairs = list(zip(datasets, folders, strict=True))
    for each, own in pairs:
        each.stored_labels = own
    return pairs


class Images(Dataset):
    """Some images of a dataset through a pipeline, without annotations."""

    def __init__(
        self, dataset: MultiTaskDataset, pipeline: Callable, indices: Sequence[int]
    ) -> None:
        self.dataset, self.pipeline, self.indices = dataset, pipeline, list(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, number: int) -> Any:
        """The pipeline's output for an image."""
        info = self.dataset.get_data_info(self.indices[number])
        known = ("img_path", "img_id", "img_loader", "reduce_zero_label", "sample_idx")
        results = {key: info[key] for key in known if key in info}
        return self.pipeline({**results, "seg_fields": [], "dense_fields": {}})


def plain_images(dataset: MultiTaskDataset, steps: Sequence[Any], indices: Sequence[int]) -> Images:
    """Images through a test pipeline.

    Args:
        dataset: The dataset of the images.
        steps: The test pipeline; there are no annotations for it to load.
        indices: Indices of the images.
    """
    return Images(dataset, Compose([build_step(step) for step in steps]), indices)


def ids_of(dataset: MultiTaskDataset) -> Iterator[str]:
    """Ids of all images of a dataset, in their order."""
    for index in range(len(dataset)):
        yield dataset.get_data_info(index)["img_id"]
