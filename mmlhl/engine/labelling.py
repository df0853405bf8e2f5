"""Labelling a phase's images by the teacher once, to disk, shared among the processes."""

from __future__ import annotations

import hashlib
import json
import logging
import os.path as osp
import signal
import time
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import barrier, get_rank, get_world_size, is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.utils.data import DataLoader

from ..datasets.pseudo_labels import LabelFolder, attach, plain_images
from ..datasets.pseudo_labels.attaching import ids_of
from ..models.teachers import describe_input, label_images, members
from ..ranks import raised_by_all
from .learner import PhaseModel
from .logs.live import display_paused
from .phases.stored_labels import (
    LabelOptions,
    check_room,
    encode_labels,
    label_pipeline,
    label_specs,
    stored_specs,
)
from .stopping import Stopped, requested

_FAULTS = (ValueError, OSError, Stopped)


def teacher_hash(teacher: Any) -> str:
    """A hash of a teacher's weights, input normalisation and taught tasks."""
    found = hashlib.sha256()
    for member in members(teacher):
        found.update(json.dumps(describe_input(member.data_preprocessor)).encode())
    found.update(repr(getattr(teacher, "taught_tasks", "")).encode())
    for key, value in sorted(teacher.state_dict().items()):
        found.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def label_phase(
    runner: Runner, model: PhaseModel, teacher: nn.Module, options: LabelOptions
) -> LabelFolder:
    """Label all training images of a phase that have no labels yet.

    Afterwards the train loader's datasets read the labels, in all processes.

    Raises:
        ValueError: If a label cannot be stored, or the folder contains something else.
        OSError: If the disk is full or cannot be written.
        Stopped: If the training was asked to stop.
    """
    dataset = runner.train_dataloader.dataset
    tasks = list(model.old_tasks)
    steps = label_pipeline(runner.cfg, options)
    folder = osp.join(runner.work_dir, "pseudo_labels")
    if options.folder is not None:
        folder = osp.join(options.folder, osp.basename(osp.abspath(runner.work_dir)))
    with raised_by_all(*_FAULTS):
        specs, size = _first_labels(dataset, model, teacher, steps, tasks, options)
        view = hashlib.sha256(repr([dict(step) for step in steps]).encode()).hexdigest()
        origin = dict(teacher=teacher_hash(teacher), view=view, normals=options.normals)
        whole = LabelFolder(folder, specs, origin)
        removed = whole.prepare() if is_main_process() else None
        if removed:
            print_log(removed, "current", logging.WARNING)
    # all processes list the missing labels before any writes: shares agree
    with raised_by_all(*_FAULTS):
        todo = _missing(runner.train_dataloader.dataset, whole)
    with raised_by_all(*_FAULTS):
        _label(runner, teacher, whole, todo, steps, tasks, options, size)
    with raised_by_all(*_FAULTS):
        _check_complete(dataset, whole)
    _begin_again(runner)
    return whole


def _check_complete(dataset: Any, whole: LabelFolder) -> None:
    """Let the dataset read the labels, of which none may be missing."""
    lacking = sum(len(part.missing(list(ids_of(own)))) for own, part in attach(dataset, whole))
    if lacking:
        raise FileNotFoundError(
            f"{whole.path} lacks the labels of {lacking} images that another process has written: "
            "all processes must share the folder; set pseudo_labels.folder to one"
        )


def _begin_again(runner: Runner) -> None:
    """Restart loading workers that began before the labels existed, at the first image.

    Before mmengine 0.10.8, an iteration-based loop starts its workers when it is built.
    """
    loader: Any = runner.train_dataloader
    stream = getattr(getattr(runner, "_train_loop", None), "dataloader_iterator", None)
    if not loader.num_workers or getattr(stream, "_iterator", None) is None:
        return
    sampler = getattr(loader.sampler, "sampler", loader.sampler)
    if hasattr(sampler, "_indices_of_rank"):  # an endless sampler would continue where it was
        sampler.indices = sampler._indices_of_rank()
    loader._iterator = None  # persistent workers
    stream._iterator = iter(loader)


def _first_labels(
    dataset: Any,
    model: PhaseModel,
    teacher: nn.Module,
    steps: Sequence[Any],
    tasks: list[str],
    options: LabelOptions,
) -> tuple[list, int]:
    """Label the first image, for the labels' specs and their size per image in bytes."""
    pairs = attach(dataset, LabelFolder("", [], {}))
    attach(dataset, None)
    first = pairs[0][0]
    specs = label_specs(model, tasks, first)
    for _, labels in label_images(teacher, [plain_images(first, steps, [0])[0]], tasks):
        encoded = encode_labels(labels, specs, options.normals)
    size = sum(each.array.nbytes for each in encoded.values()) + 1024
    return stored_specs(specs, encoded), size


def _missing(dataset: Any, whole: LabelFolder) -> list[tuple[Any, Any, list[int]]]:
    """Images without a label: the datasets of one kind, their part of the folder and the ids."""
    pairs = attach(dataset, whole)
    todo = [(own, part, part.missing(list(ids_of(own)))) for own, part in pairs]
    attach(dataset, None)
    return todo


def _label(
    runner: Runner,
    teacher: nn.Module,
    whole: LabelFolder,
    todo: Sequence[tuple[Any, Any, list[int]]],
    steps: Sequence[Any],
    tasks: list[str],
    options: LabelOptions,
    size: int,
) -> None:
    """Write the missing labels, of ``size`` bytes per image; each process writes its share."""
    loader = runner.train_dataloader
    count = sum(len(lacking) for _, _, lacking in todo)
    if not count:
        print_log(f"pseudo labels: all are in {whole.path} already", "current")
        return
    print_log(check_room(whole.path, count, size), "current")
    started = time.monotonic()
    shares = [(dataset, part, ids[get_rank() :: get_world_size()]) for dataset, part, ids in todo]
    with display_paused(), _bar(sum(len(own) for _, _, own in shares)) as bar:
        for dataset, part, own in shares:
            images = DataLoader(
                plain_images(dataset, steps, own),
                batch_size=options.batch_size or loader.batch_size or 1,
                num_workers=loader.num_workers if len(own) > 1 else 0,
                collate_fn=list,
                multiprocessing_context=loader.multiprocessing_context,
            )
            for batch in images:
                for sample, labels in label_images(teacher, batch, tasks):
                    encoded = encode_labels(labels, whole.specs, options.normals)
                    part.write(sample.metainfo["img_id"], encoded)
                    bar.advance(bar.task_ids[0])
                _stop_if_requested(int(bar.tasks[0].completed), whole)
    seconds = time.monotonic() - started
    print_log(f"pseudo labels: {count} images in {seconds:.0f} s", "current")


def _stop_if_requested(done: int, whole: LabelFolder) -> None:
    signum = requested()
    if signum is not None:
        raise Stopped(
            f"{signal.Signals(signum).name}: {done} images of this process are labelled in "
            f"{whole.path}; the same command with --resume goes on from there"
        )


def _bar(total: int) -> Progress:
    columns = (TextColumn("pseudo labels"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    shown = is_main_process() and console.is_terminal
    bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not shown)
    bar.add_task("", total=total)
    return bar


def release_labels(runner: Runner, folder: LabelFolder, options: LabelOptions) -> None:
    """Detach the labels from the datasets after a phase, and remove them unless they are kept."""
    attach(runner.train_dataloader.dataset, None)
    barrier()
    if is_main_process() and not options.keep:
        folder.remove()
