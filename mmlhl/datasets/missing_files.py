"""Checking that a dataset has images, and that the annotation files of all samples exist."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterable, Iterator
from typing import Any

from mmengine.dataset import BaseDataset
from mmseg.datasets import BaseSegDataset

from .endings import is_local, names_in, what_is_in
from .label_reading import makes_samples, stock_loader
from .multi_task_dataset import MultiTaskDataset


def need_files(dataset: BaseSegDataset) -> None:
    """Check that every sample has its annotation files; each folder is listed once.

    Files of remote backends are not checked, nor those of a dataset that makes its samples in a way
    of its own.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and how many are.
        ValueError: If a list leads out of the data root, naming the list and the file.
    """
    ours = isinstance(dataset, MultiTaskDataset)
    if makes_samples(dataset) or not (ours or stock_loader(dataset)):
        return
    if not ours and dataset.ann_file:
        _stay_inside(dataset)
    missing: dict[str, list[str]] = {}
    for key, path in _missing(dataset):
        missing.setdefault(key, []).append(path)
    for key, paths in missing.items():
        link = ", a link to nothing" if osp.islink(paths[0]) else ""
        count = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        raise FileNotFoundError(
            f"{type(dataset).__name__}: {key} lacks {paths[0]!r}{link}{count}, of "
            f"{len(dataset)} images; leave such images out by ann_file, a list of ids"
        )


def _stay_inside(dataset: BaseSegDataset) -> None:
    """Check that no line of a list leads out of the data root; our own lists are read so."""
    for key in _KNOWN:
        folder = dataset.data_prefix.get(key)
        if not folder or not is_local(folder, dataset.backend_args):
            continue
        roots = [osp.join(osp.abspath(each), "") for each in (dataset.data_root, folder) if each]
        for path in (sample.get(key) for sample in _samples(dataset)):
            if path and not osp.abspath(path).startswith(tuple(roots)):
                raise ValueError(
                    f"{type(dataset).__name__}: the list {dataset.ann_file} leads to {path!r}, "
                    f"outside {roots[0]!r}; list ids below the images' folder"
                )


def name_empty_sets() -> None:
    """Let all datasets say that they have no image; harmless to repeat.

    Their error would be numpy's: "need at least one array to concatenate".
    """
    BaseDataset._serialize_data = _serialize


_serialize_any = BaseDataset._serialize_data


def _serialize(dataset: BaseDataset) -> Any:
    if not dataset.data_list:
        folder = dataset.data_prefix.get("img_path") or dataset.data_root or ""
        suffix = getattr(dataset, "img_suffix", None)
        which = "" if suffix is None else f" with img_suffix={suffix!r}"
        listed = f" of the list {dataset.ann_file}" if dataset.ann_file else ""
        raise ValueError(
            f"{type(dataset).__name__}: no image is found{which}{listed} "
            f"in {folder!r}{what_is_in(folder)}"
        )
    return _serialize_any(dataset)


_KNOWN = ("img_path", "seg_map_path")


def _missing(dataset: BaseSegDataset) -> Iterator[tuple[str, str]]:
    held: dict[str, set[str] | None] = {}
    for sample in _samples(dataset):
        for key, path in _needed(sample).items():
            folder, name = osp.split(path)
            if folder not in held:
                held[folder] = names_in(folder, dataset.backend_args)
            names = held[folder]
            if names is not None and name not in names:
                yield key, path


def _samples(dataset: BaseSegDataset) -> Iterable[dict[str, Any]]:
    # copied one by one only if they are serialised
    return dataset.data_list or map(dataset.get_data_info, range(len(dataset)))


def _needed(sample: dict[str, Any]) -> dict[str, str]:
    """Files of a sample besides the image, by the names of their folders in a config."""
    if "ann_paths" not in sample:
        label = sample.get("seg_map_path")
        return {} if label is None else {"data_prefix['seg_map_path']": label}
    needed = {f"annotations[{task!r}]": path for task, path in sample["ann_paths"].items()}
    # further files of a subclass, such as cameras
    needed.update({k: v for k, v in sample.items() if k.endswith("_path") and k not in _KNOWN})
    return needed
