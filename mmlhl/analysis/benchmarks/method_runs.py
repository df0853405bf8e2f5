"""The runs of the benchmark of methods: their configs, and which strength each method gets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config

from ...evaluation import LifelongRecord
from ..derived import position

#: figures in which joint training beats naive by less than this, in percent, say nothing
MIN_SPAN = 2.0


@dataclass(frozen=True)
class Run:
    """One sequence of the benchmark.

    Attributes:
        label: row of the table.
        order: the tasks, one a phase; joint training brings them all in one phase.
        seed: seed of the run.
        value: the searched option's value, None where nothing is searched.
        searching: whether this run only chooses a strength.
    """

    label: str
    order: tuple[str, ...]
    seed: int
    value: float | None = None
    searching: bool = False

    def folder(self, root: Path) -> Path:
        """Where the run's config, checkpoints and record go."""
        name = self.label.lower().replace("+", "p")  # DER++ is not DER
        name = "".join(c if c.isalnum() else "-" for c in name).strip("-")
        if self.value is not None:
            name += f"_{self.value:g}"
        kind = "search" if self.searching else "runs"
        return root / kind / "_".join(self.order) / f"{name}_seed{self.seed}"

    def record(self, root: Path) -> LifelongRecord | None:
        """The run's record if every phase is in it."""
        path = self.folder(root) / "lifelong.json"
        if not path.is_file():
            return None
        record = LifelongRecord.load(path)
        return record if set(record.tasks) >= set(self.order) else None


def first_phase_run(cfg: Config, run: Run) -> Run | None:
    """The run that a run takes its first phase from, if its method says ``first_phase``.

    Without old tasks, every method that only adds a distillation loss does what naive training
    does: that phase is trained once a seed and order.
    """
    label = cfg.benchmark.methods[run.label].get("first_phase")
    return replace(run, label=label, value=None) if label else None


def run_config(cfg: Config, run: Run, root: Path) -> Config:
    """The config that ``tools/train.py`` gets: the benchmark's budget with one method."""
    entry = cfg.benchmark.methods[run.label]
    out = Config(cfg.to_dict() if hasattr(cfg, "to_dict") else dict(cfg))
    for key in ("benchmark", "methods"):
        out.pop(key, None)
    method = dict(entry["method"])
    if run.value is not None:
        method[search_option(cfg, run.label)[0]] = run.value
    out.model["method"] = method
    out.merge_from_dict(dict(model=entry.get("model", {})))
    out.label = run.label
    out.randomness = dict(seed=run.seed)
    out.phases = [dict(tasks=[task]) for task in run.order]
    source = first_phase_run(cfg, run)
    if source:
        folder = source.folder(root)
        checkpoint = LifelongRecord.load(folder / "lifelong.json").phases[0]["checkpoint"]
        out.phases[0]["checkpoint"] = str(folder / checkpoint)
    for index, phase in enumerate(out.phases[1:], start=1):
        changes = Config(dict(cfg.benchmark.get("later_phases", {})))
        if source:  # a phase that trains nothing would get no part of the images
            part = [index, len(run.order)]
            changes.merge_from_dict({"train_dataloader.dataset.part": part})
        if changes:
            phase["cfg"] = changes.to_dict()
    if entry.get("joint"):
        out.phases = [dict(tasks=list(run.order), name="joint")]
        if "later_phases" in cfg.benchmark:  # most of a sequence's steps are of that kind
            out.phases[0]["cfg"] = cfg.benchmark.later_phases.to_dict()
        out.disjoint_phases = False
    # the last epoch's optimiser state is only needed to resume a run of a minute
    out.default_hooks.checkpoint.update(interval=1000, save_last=False)
    return out


def search_option(cfg: Config, label: str) -> tuple[str, list[float]] | None:
    """Name and candidate values of the option that is searched for a method."""
    entry = cfg.benchmark.methods[label]
    entry = cfg.benchmark.methods[entry["like"]] if "like" in entry else entry
    search = entry.get("search")
    return next(iter(search.items())) if search else None


def search_runs(cfg: Config, labels: list[str], order: tuple[str, ...]) -> Iterator[Run]:
    """Runs that choose strengths, and the two bounds that they are scored against."""
    seed = cfg.benchmark.search_seed
    yield Run("Naive", order, seed, searching=True)
    yield Run("Joint", order, seed, searching=True)
    for label in labels:
        label = cfg.benchmark.methods[label].get("like", label)
        for value in (search_option(cfg, label) or ("", []))[1]:
            yield Run(label, order, seed, value, searching=True)


def chosen_value(
    cfg: Config, label: str, order: tuple[str, ...], root: Path
) -> tuple[float | None, dict[float, float]]:
    """The strength with the best position between naive and joint, and all positions.

    Raises:
        RuntimeError: if a run of the search failed, or says nothing.
    """
    if search_option(cfg, label) is None:
        return None, {}
    label = cfg.benchmark.methods[label].get("like", label)
    records = {run: run.record(root) for run in search_runs(cfg, [label], order)}
    lacking = [run.folder(root).name for run, record in records.items() if record is None]
    if lacking:
        raise RuntimeError(f"the search for {label} lacks {lacking}; see train.log there")
    naive, joint = (r for run, r in records.items() if run.label in ("Naive", "Joint"))
    scores = {
        run.value: position(record, naive, joint, min_span=MIN_SPAN).mean
        for run, record in records.items()
        if run.label == label
    }
    told = {value: score for value, score in scores.items() if not math.isnan(score)}
    if not told:
        raise RuntimeError(f"naive and joint training are no bounds to tell {label}'s runs by")
    return max(told, key=told.get), scores


def final_runs(
    cfg: Config, labels: list[str], orders: list[tuple[str, ...]], seeds: list[int], root: Path
) -> Iterator[Run]:
    """The runs that are reported, whole seeds first; joint training has no order, one is enough.

    A method whose search is not finished is left out.
    """
    for seed in seeds:
        for order in orders:
            for label in labels:
                if cfg.benchmark.methods[label].get("joint") and order != orders[0]:
                    continue
                try:
                    value = chosen_value(cfg, label, orders[0], root)[0]
                except RuntimeError:
                    continue
                yield Run(label, order, seed, value)
