"""The search of each method's strength, with its own seed, extended until the best is bracketed.

The benchmark's option ``search_by`` is the score of a run: ``"position"`` between naive and joint
training (the default), ``"gain"`` over naive training, which needs no joint run, or None for no
search, where each method uses the middle of its list.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from ...evaluation import LifelongRecord
from ..derived import position, relative_gain
from .method_runs import Run, search_option

#: metrics are ignored in which joint training beats naive by less than this, in percent
MIN_SPAN = 2.0
#: number of values that a search may add beyond an end of its list
MAX_STEPS = 4


def _bounds(cfg: Config, order: tuple[str, ...]) -> list[Run]:
    """Naive training and, if the score is the position, joint training."""
    by = cfg.benchmark.get("search_by", "position")
    if by not in ("position", "gain"):
        raise ValueError(f"benchmark.search_by is {by!r}; it must be 'position', 'gain' or None")
    labels = ("Naive", "Joint") if by == "position" else ("Naive",)
    return [_run(cfg, label, order) for label in labels]


def _run(cfg: Config, label: str, order: tuple[str, ...], value: float | None = None) -> Run:
    count = cfg.benchmark.get("search_phases", len(order))
    parts = len(order) if count < len(order) else 0
    return Run(label, order[:count], cfg.benchmark.search_seed, value, searching=True, parts=parts)


def tried_scores(
    cfg: Config, label: str, order: tuple[str, ...], root: Path
) -> tuple[dict[float, float], list[Run]]:
    """Scores by strength, and the runs that the search still needs.

    While the best value is the first or the last, the search adds a value beyond it, at the same
    ratio as the two values at that end, until it has added ``MAX_STEPS`` there.

    Args:
        cfg: The benchmark's config.
        label: A row of the table; an ablation uses the search of its method.
        order: The order of tasks of the search.
        root: The work dir.

    Raises:
        RuntimeError: If no run can be scored by naive and joint training.
    """
    label = cfg.benchmark.methods[label].get("like", label)
    found = {run: run.record(root) for run in _bounds(cfg, order)}
    references = [record for record in found.values() if record is not None]
    lacking = [run for run, record in found.items() if record is None]
    option = search_option(cfg, label)
    values = sorted(option[1]) if option else []
    added = {0: 0, -1: 0}
    while True:
        runs = {value: _run(cfg, label, order, value) for value in values}
        records = {value: run.record(root) for value, run in runs.items()}
        lacking += [runs[value] for value, record in records.items() if record is None]
        if lacking:
            return {}, lacking
        scores = {
            value: _score(record, references)
            for value, record in records.items()
            if record is not None
        }
        if all(math.isnan(score) for score in scores.values()):
            raise RuntimeError(f"naive and joint training are no bounds to rank {label}'s runs by")
        end = open_end(scores)
        if end is None or added[end] == MAX_STEPS:
            return scores, []
        added[end] += 1
        best, following = (values[0], values[1]) if end == 0 else (values[-1], values[-2])
        # rounded for the names of folders; 0.1, 0.3, 1, 3 is continued by 10
        values.append(_on_ladder(best * best / following))
        values.sort()


def _score(record: LifelongRecord, bounds: list[LifelongRecord]) -> float:
    if len(bounds) == 1:
        return relative_gain(record, bounds[0]).mean
    naive, joint = bounds
    return position(record, naive, joint, min_span=MIN_SPAN).mean


def _on_ladder(value: float) -> float:
    """The nearest of ..., 0.1, 0.3, 1, 3, 10, ... if it is within a fifth, else rounded."""
    exponent = math.floor(math.log10(value))
    steps = [base * 10.0**power for power in (exponent, exponent + 1) for base in (1, 3)]
    nearest = min(steps, key=lambda step: abs(math.log(step / value)))
    chosen = nearest if abs(math.log(nearest / value)) < math.log(1.2) else value
    return float(f"{chosen:.2g}")


def open_end(scores: dict[float, float]) -> int | None:
    """The end at which a search must continue: 0 for the least value, -1 for the greatest, or None.

    Args:
        scores: Scores by value. NaN is worse than all other scores.
    """
    values = sorted(scores)
    ranked = [-math.inf if math.isnan(scores[v]) else scores[v] for v in values]
    if len(values) < 2 or max(ranked) in ranked[1:-1]:
        return None
    if ranked[0] == ranked[-1]:
        return None
    return 0 if ranked[0] > ranked[-1] else -1


def is_searched(cfg: Config) -> bool:
    """Whether strengths are searched, and not the middle of their lists."""
    return cfg.benchmark.get("search_by", "position") is not None


def wanted_runs(cfg: Config, labels: list[str], order: tuple[str, ...], root: Path) -> list[Run]:
    """Missing runs of the searches of some rows; more may be needed when these are done."""
    missing = []
    for label in labels:
        if search_option(cfg, label) is not None and is_searched(cfg):
            try:
                missing += tried_scores(cfg, label, order, root)[1]
            except RuntimeError:
                continue
    return list(dict.fromkeys(missing))


def chosen_value(
    cfg: Config, label: str, order: tuple[str, ...], root: Path
) -> tuple[float | None, dict[float, float]]:
    """The strength with the best score, and the scores of all values.

    Raises:
        RuntimeError: If a run of the search is missing or no run can be scored.
    """
    option = search_option(cfg, label)
    if option is None:
        return None, {}
    if not is_searched(cfg):
        values = sorted(option[1])
        return values[len(values) // 2], {}
    scores, lacking = tried_scores(cfg, label, order, root)
    if lacking:
        names = [run.folder(root).name for run in lacking]
        raise RuntimeError(f"the search for {label} lacks {names}; see train.log there")
    known = {value: score for value, score in scores.items() if not math.isnan(score)}
    return max(known, key=lambda value: known[value]), scores


def final_runs(
    cfg: Config, labels: list[str], orders: list[tuple[str, ...]], seeds: list[int], root: Path
) -> Iterator[Run]:
    """The runs of the report, ordered by seed.

    Joint training has no order and is run once; single-task training uses for each task the images
    of its phase in the first order. Methods whose search is not finished are left out.
    """
    for seed in seeds:
        for order in orders:
            for label in labels:
                entry = cfg.benchmark.methods[label]
                bound = entry.get("joint") or entry.get("single")
                if bound and order != orders[0]:
                    continue
                try:
                    value = chosen_value(cfg, label, orders[0], root)[0]
                except RuntimeError:
                    continue
                if entry.get("single"):
                    for part, task in enumerate(order):
                        yield Run(label, (task,), seed, value, parts=len(order), part=part)
                else:
                    yield Run(label, order, seed, value)
