"""Finding records on disk and grouping those that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..evaluation.record import LifelongRecord
from .seeds import merge_single

Order = tuple[tuple[str, ...], ...]  # tasks of each phase


def load_runs(arguments: Sequence[str]) -> list[LifelongRecord]:
    """Read the records given on a command line.

    Args:
        arguments: Each a ``lifelong.json``, a folder that contains one, or a folder with some in
            its subfolders. ``LABEL=PATH`` gives the method another label, to distinguish variants
            of a method.

    Returns:
        Records in the order of the arguments, folders sorted by name.

    Raises:
        FileNotFoundError: If there is no record at or below a path.
        ValueError: If a file is not a record.
    """
    records = []
    for argument in arguments:
        label, path = "", Path(argument)
        if not path.exists() and "=" in argument:
            label, _, name = argument.partition("=")
            path = Path(name)
        if path.is_dir() and not (path / "lifelong.json").is_file():
            files = sorted(path.rglob("lifelong.json"))
            if not files:
                raise FileNotFoundError(f"There is no lifelong.json below {path}")
        else:
            files = [path]
        for file in files:
            record = LifelongRecord.load(file)
            if label:
                record.extra["label"] = label
            records.append(record)
    return records


@dataclass
class Group:
    """All runs that learned the same tasks of a dataset in the same order, and their references.

    Attributes:
        order: Tasks of each phase.
        dataset: The dataset; empty if all runs have the same one.
        methods: Runs by label, naive first, then in order of appearance; without joint and
            single-task training.
        naive: Runs of naive training, which are in ``methods`` as well.
        joint: Runs of joint training on the same tasks.
        single: Single-task runs on the same tasks, one record per seed.
    """

    order: Order
    dataset: str = ""
    methods: dict[str, list[LifelongRecord]] = field(default_factory=dict)
    naive: list[LifelongRecord] = field(default_factory=list)
    joint: list[LifelongRecord] = field(default_factory=list)
    single: list[LifelongRecord] = field(default_factory=list)

    @property
    def runs(self) -> list[LifelongRecord]:
        """The runs of all methods."""
        return [run for runs in self.methods.values() for run in runs]

    @property
    def name(self) -> str:
        """The order in words, after the dataset if it is not the only one."""
        order = " → ".join("+".join(tasks) for tasks in self.order)
        return f"{self.dataset}, {order}" if self.dataset else order


def group_runs(
    records: Sequence[LifelongRecord],
    naive: str = "naive",
    joint: str = "joint",
    single: str = "single",
) -> list[Group]:
    """Group runs by dataset and order of their tasks, and find the references of each group.

    Joint and single-task training have no order, so they are references for each order of the same
    tasks. If there are no other runs, they form groups themselves.

    Labels that differ in upper and lower case only are the same method.

    Records without a dataset are assumed to have the dataset of the other records; if these have
    several, or none, they form separate groups.

    Args:
        records: The runs.
        naive: Label of naive training; upper and lower case are the same.
        joint: Label of joint training.
        single: Label of single-task training.

    Returns:
        The groups in order of appearance.

    Raises:
        ValueError: If two runs have the same label, dataset, order and seed, or a run has no
            metrics.
    """
    names = [record.label.lower() for record in records]
    if all(name in (joint.lower(), single.lower()) for name in names):
        joint = single = ""
    named = {record.dataset for record in records} - {""}
    several = len(named) > 1
    unknown = "" if several else "".join(named)
    groups: dict[tuple[str, Order], Group] = {}
    seen: dict[tuple, LifelongRecord] = {}
    spelt: dict[str, str] = {}  # each label as it is spelt first
    bounds: dict[tuple[str, str], list[LifelongRecord]] = {}  # by kind and dataset
    for record in records:
        if not record.metrics:
            raise ValueError(f"{record.path or record.label} has no metrics yet")
        order = tuple(tuple(phase["tasks"]) for phase in record.phases)
        label = spelt.setdefault(record.label.lower(), record.label)
        dataset = record.dataset or unknown
        twin = seen.setdefault((label.lower(), dataset, order, record.seed), record)
        if twin is not record:
            raise ValueError(
                f"{twin.path} and {record.path} are both {label} with seed {record.seed}; tell "
                "variants apart with LABEL=PATH"
            )
        if label.lower() == joint.lower():
            bounds.setdefault(("joint", dataset), []).append(record)
        elif label.lower() == single.lower():
            bounds.setdefault(("single", dataset), []).append(record)
        else:
            group = groups.setdefault((dataset, order), Group(order, dataset if several else ""))
            group.methods.setdefault(label, []).append(record)
            if label.lower() == naive.lower():
                group.naive = group.methods[label]
    for (dataset, _), group in groups.items():
        # Naive first, since all others are compared with it.
        group.methods = dict(sorted(group.methods.items(), key=lambda m: m[1] is not group.naive))
        tasks = {task for phase in group.order for task in phase}
        joints, singles = (bounds.get((kind, dataset), []) for kind in ("joint", "single"))
        group.joint = [r for r in joints if set(r.tasks) == tasks]
        group.single = _singles(singles, tasks)
    return list(groups.values())


def _singles(records: list[LifelongRecord], tasks: set[str]) -> list[LifelongRecord]:
    """One record per seed of those single-task runs that together cover the tasks."""
    fitting = [record for record in records if set(record.tasks) <= tasks]
    by_seed: dict[int | None, list[LifelongRecord]] = {}
    for record in fitting:
        by_seed.setdefault(record.seed, []).append(record)
    merged = [merge_single(runs) for runs in by_seed.values()]
    return [record for record in merged if set(record.tasks) == tasks]
