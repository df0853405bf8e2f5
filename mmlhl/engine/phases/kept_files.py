"""Predictions that a test writes must not replace the images and labels that it reads."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...datasets.wrappers import innermost
from ...evaluation.metrics.map_files import ENDINGS
from ...evaluation.metrics.written_files import ComparedFiles


def check_kept(evaluator: Any, dataset: Any) -> None:
    """Refuse metrics whose files would replace some of the dataset.

    Raises:
        ValueError: Naming the first file that would be lost.
    """
    metrics: list[Any] = getattr(evaluator, "metrics", [])
    writing = [m for m in metrics if isinstance(m, ComparedFiles) and m.output_dir is not None]
    if not writing:
        return
    real = lru_cache(maxsize=None)(osp.realpath)  # of folders, of which there are few
    images, read = [], set()
    for inner in innermost(dataset):
        for image, files in _read(inner):
            images.append(image)
            read |= {osp.join(real(osp.dirname(file)), osp.basename(file)) for file in files}
    for metric in writing:
        for image in images:
            path = metric.path_of(image)
            for ending in ENDINGS:
                if osp.join(real(str(path.parent)), path.name + ending) in read:
                    raise ValueError(
                        f"{metric.owner} would write the prediction of {image} to "
                        f"{path}{ending}, a file of the dataset, which would be lost: write the "
                        "predictions into another folder"
                    )


def _read(dataset: Any) -> Iterator[tuple[str, list[str]]]:
    """The path of each image of a dataset, and all files of its sample."""
    for index in range(len(dataset) if hasattr(dataset, "get_data_info") else 0):
        info = dataset.get_data_info(index)
        if not isinstance(info.get("img_path"), str):
            continue
        paths = [value for key, value in info.items() if key.endswith("_path")]
        paths += (info.get("ann_paths") or {}).values()
        yield info["img_path"], [path for path in paths if isinstance(path, str)]
