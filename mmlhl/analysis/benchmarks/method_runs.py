"""The runs of the benchmark of methods and their configs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config

from ...evaluation import LifelongRecord


@dataclass(frozen=True)
class Run:
    """One sequence of the benchmark.

    Attributes:
        label: Row of the table.
        order: The tasks, one per phase; joint training learns them all in one phase.
        seed: Seed of the run.
        value: Value of the searched option; None if no option is searched.
        searching: Whether this run belongs to the search of a strength.
        parts: Number of parts of the training set, one per phase; 0 for the number of phases.
        part: The part of the first phase, from 0.
        first: Whether this is a first phase that other runs reuse.
    """

    label: str
    order: tuple[str, ...]
    seed: int
    value: float | None = None
    searching: bool = False
    parts: int = 0
    part: int = 0
    first: bool = False

    def folder(self, root: Path) -> Path:
        """Folder of the run's config, checkpoints and record."""
        name = self.label.lower().replace("+", "p")  # DER++ is not DER
        name = "".join(c if c.isalnum() else "-" for c in name).strip("-")
        if self.value is not None:
            name += f"_{self.value:g}"
        kind = "first" if self.first else "search" if self.searching else "runs"
        return root / kind / "_".join(self.order) / f"{name}_seed{self.seed}"

    def record(self, root: Path) -> LifelongRecord | None:
        """The run's record if it is complete, else None."""
        path = self.folder(root) / "lifelong.json"
        if not path.is_file():
            return None
        record = LifelongRecord.load(path)
        return record if set(record.tasks) >= set(self.order) else None


def first_phase_run(cfg: Config, run: Run) -> Run | None:
    """The run whose single phase a run reuses as its first one; None if it trains its own.

    Without old tasks, every method that only adds a distillation loss is the same as naive
    training, so that phase is trained once per seed and first task. ``first_phase`` of a method's
    entry is the label of the row that trains it.
    """
    label = cfg.benchmark.methods[run.label].get("first_phase")
    if not label or run.first:
        return None
    parts = run.parts or len(run.order)
    return replace(run, label=label, value=None, order=run.order[:1], parts=parts, first=True)


def run_config(cfg: Config, run: Run) -> Config:
    """The config for ``tools/train.py``: the benchmark's budget with one method."""
    entry = cfg.benchmark.methods[run.label]
    out = Config(cfg.to_dict() if hasattr(cfg, "to_dict") else dict(cfg))
    for key in ("benchmark", "methods", "claims"):
        out.pop(key, None)
    method = dict(entry["method"])
    option = search_option(cfg, run.label)
    if option is not None and run.value is not None:
        set_option(method, option[0], run.value)
    out.model["method"] = method
    out.merge_from_dict(dict(model=entry.get("model", {}), **entry.get("cfg", {})))
    out.label = run.label
    out.randomness = dict(seed=run.seed)
    later = cfg.benchmark.get("later_phases")
    if entry.get("joint"):
        out.phases = [dict(tasks=list(run.order), name="joint")]
        if later:  # most steps of a sequence use these settings
            out.phases[0]["cfg"] = later.to_dict()
        out.disjoint_phases = False
    else:
        out.phases = [dict(tasks=[task]) for task in run.order]
        for index, phase in enumerate(out.phases):
            changes = Config(dict(later or {}) if index + run.part else {})
            if run.parts:  # otherwise the runner splits the images by phase
                part = [run.part + index, run.parts]
                changes.merge_from_dict({"train_dataloader.dataset.part": part})
            if changes:
                phase["cfg"] = changes.to_dict()
    # optimiser states are not needed: a killed run takes a minute and starts the phase again
    out.default_hooks.checkpoint.update(interval=1000, save_last=False)
    return out


def search_option(cfg: Config, label: str) -> tuple[str, list[float]] | None:
    """Name and initial values of the option that is searched for a method.

    A name with dots, such as ``methods.0.loss_weight``, is an option of a part of the method.
    """
    entry = cfg.benchmark.methods[label]
    entry = cfg.benchmark.methods[entry["like"]] if "like" in entry else entry
    search = entry.get("search")
    return next(iter(search.items())) if search else None


def set_option(method: dict, name: str, value: float) -> None:
    """Set an option of a method's config, or of a part of it by a name with dots.

    Args:
        method: The config, changed in place.
        name: Such as ``loss_weight`` or ``methods.0.loss_weight``.
        value: Its new value.
    """
    *path, last = name.split(".")
    node = method
    for step in path:
        node = node[int(step)] if isinstance(node, (list, tuple)) else node[step]
    node[last] = value
