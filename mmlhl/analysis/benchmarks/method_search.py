"""Which strength each method gets: a search with its own seed, extended until bracketed.

The benchmark's option ``search_by`` says what a run is scored by: ``"position"`` between naive and
joint training (the default), ``"gain"`` over naive training, which spares the joint run, or None
for no search: each method then has the middle of its list.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from ...evaluation import LifelongRecord
from ..derived import position, relative_gain
from .method_runs import Run, search_option

#: metrics in which joint training beats naive by less than this, in percent, say nothing
MIN_SPAN = 2.0
#: values that a search may add beyond the end of its list; then it stays open
MAX_STEPS = 4


def search_runs(cfg: Config, labels: list[str], order: tuple[str, ...]) -> Iterator[Run]:
    """The first runs of a search, and the two bounds that they are scored against.

    With ``search_phases`` in the benchmark they are of that many phases, on the parts of the
    images that these have in the whole sequence.
    """
    yield from _bounds(cfg, order)
    for label in labels:
        label = cfg.benchmark.methods[label].get("like", label)
        for value in (search_option(cfg, label) or ("", []))[1]:
            yield _run(cfg, label, order, value)


def _bounds(cfg: Config, order: tuple[str, ...]) -> list[Run]:
    """Naive training and, where runs are scored by their position, joint training."""
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
    """Scores by strength, and the runs that are still wanted.

    While the best value is the first or the last, the search wants the next one beyond it, at the
    same ratio as the two at that end, until it has added ``MAX_STEPS`` there.

    Args:
        cfg: The benchmark's config.
        label: A row of the table; an ablation has the search of its method.
        order: The order that is searched on.
        root: The work dir.

    Raises:
        RuntimeError: If naive and joint training are no bounds for any of the runs.
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
        # rounded, so that a file's name says the value; 0.1, 0.3, 1, 3 go on with 10
        values.append(_on_ladder(best * best / following))
        values.sort()


def _score(record: LifelongRecord, bounds: list[LifelongRecord]) -> float:
    if len(bounds) == 1:
        return relative_gain(record, bounds[0]).mean
    naive, joint = bounds
    return position(record, naive, joint, min_span=MIN_SPAN).mean


def _on_ladder(value: float) -> float:
    """The nearest of ..., 0.1, 0.3, 1, 3, 10, ... if it is within a fifth, else two digits."""
    exponent = math.floor(math.log10(value))
    steps = [base * 10.0**power for power in (exponent, exponent + 1) for base in (1, 3)]
    nearest = min(steps, key=lambda step: abs(math.log(step / value)))
    chosen = nearest if abs(math.log(nearest / value)) < math.log(1.2) else value
    return float(f"{chosen:.2g}")


def open_end(scores: dict[float, float]) -> int | None:
    """Where a search has to go on: 0 below its least value, -1 beyond its greatest, else None.

    Args:
        scores: Positions by value. One that is not a number is worse than all others.
    """
    values = sorted(scores)
    ranked = [-math.inf if math.isnan(scores[v]) else scores[v] for v in values]
    if len(values) < 2 or max(ranked) in ranked[1:-1]:
        return None
    if ranked[0] == ranked[-1]:
        return None
    return 0 if ranked[0] > ranked[-1] else -1


def is_searched(cfg: Config) -> bool:
    """Whether strengths are searched, or taken from the middle of their lists."""
    return cfg.benchmark.get("search_by", "position") is not None


def wanted_runs(cfg: Config, labels: list[str], order: tuple[str, ...], root: Path) -> list[Run]:
    """Runs that the searches of some rows lack now; more may be wanted when these are done."""
    wanted = []
    for label in labels:
        if search_option(cfg, label) is not None and is_searched(cfg):
            try:
                wanted += tried_scores(cfg, label, order, root)[1]
            except RuntimeError:
                continue
    return list(dict.fromkeys(wanted))


def chosen_value(
    cfg: Config, label: str, order: tuple[str, ...], root: Path
) -> tuple[float | None, dict[float, float]]:
    """The strength with the best score, and the scores of all that were tried.

    Raises:
        RuntimeError: If a run of the search is lacking, or says nothing.
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
    """The runs that are reported, whole seeds first.

    Joint training has no order, one is enough; single-task training takes for each task the
    images that its phase has in the first order. A method whose search is not finished is left
    out.
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
