"""Datasets of mmseg's: images and class ids, read by the transforms of their own pipelines."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets import BaseSegDataset

from ...config_values import nodes
from ..annotation import IGNORE
from ..label_reading import naming_file, stock_ids
from ..pipelines import single_steps

#: name of their only annotation
SEG = "seg"
Readers = dict[str | None, Callable[[dict], np.ndarray] | None]


def say_unread(dataset: BaseSegDataset, complain: Callable[[str], None]) -> None:
    """Say which of the images and class ids of a dataset of mmseg's are not read here."""
    lacking = [key for key, read in stock_readers(dataset).items() if read is None]
    if lacking:
        names = " and ".join("images" if key is None else "class ids" for key in lacking)
        complain(f"{names} are not checked here: the pipeline has transforms of your own, or none")


def left_out(cfg: Any) -> set[int]:
    """Ids that any part of a config, such as a head, leaves out."""
    marks = (node.get("ignore_index") for node in nodes(cfg))
    return {IGNORE, *(mark for mark in marks if isinstance(mark, int))}


def stock_readers(dataset: BaseSegDataset, ignored: Collection[int] = ()) -> Readers:
    """What reads the image (None) and the class ids of a sample; None what cannot be read here.

    Args:
        dataset: The dataset.
        ignored: Ids that what uses the labels leaves out.
    """
    steps = list(single_steps(dataset.pipeline))
    loader = next((step for step in steps if isinstance(step, LoadImageFromFile)), None)
    ids = stock_ids(dataset, ignored)

    def image(info: dict) -> np.ndarray:
        with naming_file(info["img_path"]):
            return loader(info)["img"]  # type: ignore[misc]

    def labels(info: dict) -> np.ndarray:
        found = ids(info)  # type: ignore[misc]
        return np.where(np.isin(found, [dataset.ignore_index, *ignored]), IGNORE, found)

    return {None: image if loader else None, SEG: labels if ids else None}


def read_stock(
    dataset: BaseSegDataset, index: int, readers: Readers
) -> dict[str | None, np.ndarray | Exception]:
    """The image (None) and the class ids of a sample, or the error that reading one raised."""
    maps: dict[str | None, np.ndarray | Exception] = {}
    for key, read in readers.items():
        info = dataset.get_data_info(index)
        if read is None or (key == SEG and info.get("seg_map_path") is None):
            continue
        try:
            maps[key] = read(info)
        except Exception as error:
            maps[key] = error
    sizes = {key: found.shape[:2] for key, found in maps.items() if isinstance(found, np.ndarray)}
    if len(set(sizes.values())) == 2:
        seg, image = sizes[SEG], sizes[None]
        maps[SEG] = ValueError(f"{info['seg_map_path']} is {seg} in size, its image is {image}")
    return maps
