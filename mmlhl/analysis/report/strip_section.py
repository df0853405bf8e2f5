"""Strips: predictions of the same test images with the checkpoint of each phase."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmseg.registry import DATASETS

from ...datasets.dark_images import spread
from ...evaluation.record import LifelongRecord
from ...inference import LifelongInferencer
from ...inference.task_maps import TaskInfo
from ...visualization.phase_strip import error_map, phase_strip
from ...visualization.photographs import as_shown
from ...visualization.sample_maps import as_array
from .document import Block, Paragraph, Section
from .pictures import photograph
from .work_dir import folder_of


@dataclass
class PhasePredictions:
    """The predictions of one phase's checkpoint.

    Args:
        name: Number and name of the phase.
        tasks: Tasks of the checkpoint.
        maps: For each image, maps ``(C, H, W)`` by field.
    """

    name: str
    tasks: dict[str, TaskInfo]
    maps: list[dict[str, np.ndarray]] = field(default_factory=list)


def strip_section(records: Sequence[LifelongRecord], names: Sequence[str], count: int) -> Section:
    """Predict test images with every phase of every run and draw them.

    Returns:
        A section with one part per run, which has one picture per test image and task. Missing
        strips are listed with the reason, there and in the log.

    Raises:
        FileNotFoundError: If a checkpoint or the dataset is missing.
        ValueError: If a run has no test dataset or a checkpoint cannot be used.
    """
    parts = [
        Section(name, _strips(record, name, count))
        for record, name in zip(records, names, strict=True)
    ]
    return Section("Test images over the phases", sections=parts)


def predict_phases(
    record: LifelongRecord, images: Sequence[int] | int
) -> tuple[list[dict[str, Any]], dict[str, TaskInfo], list[PhasePredictions]]:
    """Predict test images with the checkpoint of every phase.

    Args:
        record: The run, with its work dir.
        images: Indices of test images, or a number of images, evenly spread over the test set.

    Returns:
        The images as the test pipeline returns them, the tasks of the last phase, and the
        predictions of each phase.

    Raises:
        FileNotFoundError: If a checkpoint or the dataset is missing.
        ValueError: If the run has no such test images or a checkpoint cannot be used.
    """
    checkpoints = _checkpoints(record)
    last = LifelongInferencer(None, checkpoints[-1], show_progress=False)
    data = _test_images(last, checkpoints[-1], images)
    phases = []
    for index, (phase, checkpoint) in enumerate(zip(record.phases, checkpoints, strict=True), 1):
        final = index == len(checkpoints)
        model = last if final else LifelongInferencer(None, checkpoint, show_progress=False)
        known = PhasePredictions(f"{index} {phase.get('name', '')}".strip(), model.tasks)
        for item in data:
            (sample,) = model.forward([item])
            fields = {info.field for info in model.tasks.values()}
            known.maps.append({name: as_array(sample.get(f"pred_{name}").data) for name in fields})
        phases.append(known)
    return data, last.tasks, phases


def _strips(record: LifelongRecord, run: str, count: int) -> list[Block]:
    data, tasks, phases = predict_phases(record, count)
    blocks: list[Block] = []
    for number, item in enumerate(data):
        for info in tasks.values():
            truth = item["data_samples"].get(f"gt_{info.field}")
            if truth is not None:
                blocks.append(_strip(run, item, info, as_array(truth.data), phases, number))
    left_out = missing_strips(data, tasks, count)
    for line in left_out:
        print_log(f"report: {run}: {line}", "current", logging.WARNING)
    return [*map(Paragraph, left_out), *blocks]


def missing_strips(
    data: Sequence[dict[str, Any]], tasks: Mapping[str, TaskInfo], count: int
) -> list[str]:
    """Why there are fewer strips than requested.

    Returns:
        A sentence for each reason.
    """
    found = []
    if len(data) < count:
        found.append(f"{count} test images were asked for; the test set has {len(data)}.")
    for info in tasks.values():
        without = sum(item["data_samples"].get(f"gt_{info.field}") is None for item in data)
        if without:
            found.append(
                f"No strips of {info.task} for {without} of {len(data)} test images: the test "
                f"pipeline gives no annotation gt_{info.field} for them."
            )
    return found


def _strip(
    run: str,
    item: dict[str, Any],
    info: TaskInfo,
    truth: np.ndarray,
    phases: Sequence[PhasePredictions],
    number: int,
) -> Block:
    image = image_of(item)
    shown = [(p.name, p.maps[number][info.field]) for p in phases if info.task in p.tasks]
    drawn = phase_strip(
        image,
        truth,
        shown,
        info.kind,
        info.task,
        info.unit,
        info.classes or (),
        None if info.palette is None else np.asarray(info.palette, np.uint8),
    )
    errors = "; ".join(f"{_mean_error(info, m, truth)} after {name}" for name, m in shown)
    caption = f"{run}: test image {number + 1}, {info.task}: {errors}"
    alt = (
        f"Side by side: test image {number + 1}, its true map of {info.task}, and the prediction "
        f"after each phase that knows the task, with the error below. Errors: {errors}."
    )
    return photograph(drawn, alt, caption)


def _mean_error(info: TaskInfo, prediction: np.ndarray, truth: np.ndarray) -> str:
    error = error_map(info.kind, prediction, truth)
    if not np.isfinite(error).any():
        return "no truth"
    mean = float(np.nanmean(error))
    if info.kind == "classes":
        return f"{100 * mean:.1f} % of the pixels wrong"
    unit = {"normal": "°", "binary": ""}.get(info.kind, info.unit)
    return f"mean error {mean:.3g}{'' if unit in ('', '°') else ' '}{unit}"


def _checkpoints(record: LifelongRecord) -> list[str]:
    folder = folder_of(record)
    if folder is None:
        raise ValueError(f"strips need the checkpoints of {record.label}, which has no work dir")
    found = []
    for index, phase in enumerate(record.phases, 1):
        path = folder / str(phase.get("checkpoint") or "")
        if not path.is_file():
            raise FileNotFoundError(
                f"strips need the checkpoint of every phase; {record.path} names "
                f"{phase.get('checkpoint')!r} for phase {index}, which is not there"
            )
        found.append(str(path))
    return found


def _test_images(
    model: LifelongInferencer, checkpoint: str, images: Sequence[int] | int
) -> list[dict[str, Any]]:
    """Test images with ground truth, as the test pipeline returns them."""
    loader = model.loaded.cfg.get("test_dataloader") or {}
    if not loader.get("dataset"):
        raise ValueError(f"strips need test images, but the config in {checkpoint} has none")
    dataset = DATASETS.build(loader["dataset"])
    if not len(dataset):
        raise ValueError(f"strips need test images, but the dataset of {checkpoint} is empty")
    if isinstance(images, int):
        images = spread(len(dataset), images)
    for index in images:
        if not 0 <= index < len(dataset):
            raise ValueError(f"there is no test image {index}; there are {len(dataset)}, from 0")
    return [dataset[index] for index in images]


def image_of(item: dict[str, Any]) -> np.ndarray:
    """The image of a test sample.

    Returns:
        ``(H, W, 3)`` uint8, RGB.
    """
    return as_shown(item["inputs"].numpy().transpose(1, 2, 0))
