"""The tasks whose labels a phase needs of its loaders, and those that each dataset supplies."""

from __future__ import annotations

from collections.abc import Mapping

from ....datasets.wrappers import innermost_configs
from ..datasets import check_listed, multi_task_datasets, offered_tasks
from ..grammar import LOADERS, Phase


def needed_tasks(cfg: Mapping, loader: str, phase: Phase) -> list[str]:
    """Tasks of which a loader has to supply labels.

    Returns:
        The new tasks for training; for tests all learned tasks but those whose metric is None.
    """
    if loader == LOADERS[0]:
        return list(phase.tasks)
    evaluator = cfg.get(loader.replace("_dataloader", "_evaluator"))
    metrics = evaluator.get("metrics") if isinstance(evaluator, Mapping) else None
    given = metrics if isinstance(metrics, Mapping) else {}
    return [task for task in phase.seen if given.get(task, True) is not None]


def supplied_tasks(dataset: Mapping) -> list[str]:
    """Tasks for which a multi-task dataset's config has annotations and that it may read."""
    offered = offered_tasks(dataset)  # type: ignore[arg-type]
    listed = dataset.get("tasks")
    return [task for task in offered if listed is None or task in listed]


def check_annotations(cfg: Mapping, phase: Phase, loader: str) -> None:
    """Refuse datasets without annotations for the tasks of a phase.

    For tests several sets may be joined, each with labels of some tasks.

    Raises:
        ValueError: Naming the task, the dataset and what it offers.
    """
    if cfg.get(loader) is None:
        return
    key, wanted = f"phases[{phase.index}]", needed_tasks(cfg, loader, phase)
    sets = list(innermost_configs(cfg[loader]["dataset"]))
    ours = list(multi_task_datasets(cfg[loader]["dataset"]))
    joined = loader != LOADERS[0] and len(sets) > 1
    supplied: dict[str, None] = {}
    for dataset in ours:
        offered = offered_tasks(dataset)
        missing = [task for task in wanted if task not in offered]
        if missing and not joined:
            raise ValueError(
                f"{key}.tasks: {loader}.dataset ({dataset['type']}) has no annotation for task "
                f"{missing[0]!r}; it offers {list(offered)}: write it into annotations, or into "
                f"ANNOTATIONS of the class{_unmeasured(loader, missing[0])}"
            )
        check_listed(
            dataset.get("tasks"), offered, [] if joined else wanted, f"{key}: {loader}.dataset"
        )
        supplied.update(dict.fromkeys(supplied_tasks(dataset)))
    missing = [task for task in wanted if task not in supplied]
    # labels of datasets that are not ours show in a sample only
    if missing and joined and len(ours) == len(sets):
        raise ValueError(
            f"{key}.tasks: none of the datasets that {loader}.dataset joins has an annotation for "
            f"task {missing[0]!r}; they offer {list(supplied)}{_unmeasured(loader, missing[0])}"
        )


def _unmeasured(loader: str, task: str) -> str:
    """What to do if a test is not meant to measure a task."""
    if loader == LOADERS[0]:
        return ""
    evaluator = loader.replace("_dataloader", "_evaluator")
    return f"; or write {task}=None into {evaluator}.metrics, if the phase is not to measure it"
