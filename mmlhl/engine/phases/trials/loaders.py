"""Trials of a phase's loaders before phase one: build each dataset and read a sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from ....datasets.reading_order import random_movers, refuse_late_loaders
from ..checking.agreement import check_labels, check_names, class_names
from ..checking.set_differences import check_same_reading
from ..checking.set_tasks import needed_tasks
from ..grammar import LOADERS, Phase
from ..lengths import refuse_endless_epochs
from ..phase_model import PhaseModel
from ..supply import Supplies, Supply
from .build import named
from .sample import first_sample
from .shared_memory import warn_of_shared_memory


def check_loaders(
    cfg: Config,
    phase: Phase,
    model: PhaseModel,
    supplies: Supplies,
    where: str,
    names: dict[str, Sequence[str]],
) -> dict[str, Supply]:
    """Build the datasets of a phase and read a sample of each.

    Args:
        cfg: The phase's config.
        phase: The phase.
        model: Its model, whose heads read the labels.
        supplies: Builder of datasets.
        where: Beginning of messages.
        names: Names of the classes by task, as earlier phases have learned them; those of this
            phase's tasks are added.

    Raises:
        ValueError: Naming the loader and what is wrong with it.
    """
    given: dict[str, Supply] = {}
    for key in LOADERS:
        loader, needed = cfg.get(key), needed_tasks(cfg, key, phase)
        if loader is None or (key == LOADERS[0] and phase.checkpoint is not None):
            continue
        place = f"{where}: {key}"
        refuse_endless_epochs(cfg, f"{where}: ")
        supply = given[key] = named(place, supplies.of, loader, place)
        parts = list(_joined(supply.dataset))
        shared = key != LOADERS[0] and len(parts) > 1  # each has labels of some tasks
        missing = set(needed)
        for joined, dataset in parts:
            check_order(dataset, key == LOADERS[0], f"{place}{joined}")
            sample = _read_sample(dataset, f"{place}{joined}")
            if not joined:
                warn_of_shared_memory(loader, sample, place)
            # the sample shows which transforms of a user read an image or labels
            check_order(dataset, key == LOADERS[0], f"{place}{joined}")
            one = not isinstance(sample["inputs"], (list, tuple))  # else views of one image
            labels = sample["data_samples"]
            tasks = needed
            if shared and one:
                tasks = [t for t in needed if f"gt_{model.heads[t].field}" in labels]
            missing.difference_update(tasks)
            if one:
                check_labels(dict(model.heads.items()), tasks, dataset, labels, f"{place}{joined}")
            # the names that the metrics use are those of the joined set as a whole
            heads = {task: model.heads[task] for task in (tasks if joined else needed)}
            if one and key == LOADERS[0]:
                own = {task: class_names(dataset, head.field) for task, head in heads.items()}
                names.update({task: each for task, each in own.items() if each})
            elif one:
                check_names(heads, names, dataset, f"{place}{joined}")
        if missing:
            raise ValueError(
                f"{place}: no sample of the datasets that it joins has labels of "
                f"{', '.join(sorted(missing))}"
            )
    trained = given.get(LOADERS[0])
    for key in LOADERS[1:] if trained is not None else ():
        if key in given:
            sets = (trained.dataset, given[key].dataset)
            check_same_reading(dict(model.heads.items()), phase.tasks, *sets, f"{where}: {key}")
    return given


def _joined(dataset: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """A dataset, and all but the first of those that it joins, with their places for messages."""
    yield place, dataset
    dataset = _innermost(dataset)
    for index, each in enumerate(getattr(dataset, "datasets", None) or ()):
        if index and len(each):
            yield from _joined(each, f"{place} (datasets[{index}])")


def _innermost(dataset: Any) -> Any:
    """What wrappers without a pipeline of their own wrap."""
    while "dataset" in getattr(dataset, "__dict__", {}) and not hasattr(dataset, "pipeline"):
        dataset = dataset.dataset
    return dataset


def check_order(dataset: Any, training: bool, place: str) -> None:
    """Refuse random transforms before the reading of labels, which the first sample may miss.

    Raises:
        ValueError: Naming the transforms.
    """
    dataset = _innermost(dataset)
    named(place, refuse_late_loaders, getattr(dataset, "pipeline", ()))
    early = random_movers(dataset, test=not training)
    if early:
        effect = "may move the image without them" if training else "may move it beyond undoing"
        first = "put LoadMultiTaskAnnotations, or what else reads them, before it"
        advice = first if training else "leave it out"
        raise ValueError(
            f"{place}: its pipeline reads labels after {', '.join(early)}, which {effect}: {advice}"
        )


def _read_sample(dataset: Any, place: str) -> Mapping:
    """A dataset's first sample, which has to be packed."""
    sample = named(f"{place}: its first sample", first_sample, dataset)
    if not isinstance(sample, Mapping) or not {"inputs", "data_samples"} <= set(sample):
        found = sorted(sample) if isinstance(sample, Mapping) else type(sample).__name__
        lacks_image = isinstance(sample, Mapping) and "data_samples" in sample
        advice = "let its pipeline load the image and pack once, at its end, with"
        raise ValueError(
            f"{place}.dataset gives {found}, not inputs and data_samples: "
            f"{advice if lacks_image else 'end its pipeline with'} PackMultiTaskInputs"
        )
    return sample


def unlike(cfg: Config, given: Mapping) -> list[str]:
    """Keys of the given loaders for validation and tests; only one if both are the same."""
    keys = [key for key in LOADERS[1:] if key in given]
    return keys[-1:] if len(keys) == 2 and validates_alike(cfg) else keys


def validates_alike(cfg: Config) -> bool:
    """Whether validations have the loader and the metrics of the tests."""
    kinds = [key.split("_")[0] for key in LOADERS[1:]]
    return all(
        cfg.get(f"{kinds[0]}_{part}") == cfg.get(f"{kinds[1]}_{part}")
        for part in ("dataloader", "evaluator")
    )
