"""The report of the benchmark of methods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from ..comparison import Comparison
from ..formats import to_markdown, to_rich
from . import running
from .method_runs import MIN_SPAN, chosen_value, final_runs, search_option


def report(
    cfg: Config,
    command: str,
    labels: list[str],
    orders: list[tuple[str, ...]],
    seeds: list[int],
    root: Path,
) -> str:
    """The benchmark's section as Markdown; its tables are also printed."""
    lines = [
        f"Command: `{command}`; commit {running.commit()}; seeds {seeds}; strengths searched "
        f"with seed {cfg.benchmark.search_seed} on the order {' → '.join(orders[0])}.",
        "",
        settings(cfg),
        "",
    ]
    records = [run.record(root) for run in final_runs(cfg, labels, orders, seeds, root)]
    records = [record for record in records if record is not None]
    if records:
        comparison = Comparison(records, min_span=MIN_SPAN)
        for group in comparison.groups:
            for sheet in (comparison.summary(group), comparison.final(group)):
                Console().print(to_rich(sheet))
                lines += [to_markdown(sheet), ""]
    shared = [label for label in labels if cfg.benchmark.methods[label].get("first_phase")]
    if shared:
        lines += [
            "Time: these take over naive training's first phase of the same seed, which is the "
            f"same for them, so it is missing in their minutes: {', '.join(shared)}.",
            "",
        ]
    lines += ["Strengths tried (position between naive and joint in %), the best one taken:", ""]
    lines += [f"- {line}" for line in strengths(cfg, labels, orders[0], root)]
    lines += ["", "Not run: " + missing(cfg, labels, orders, seeds, root) + ".", ""]
    return "\n".join(lines)


def settings(cfg: Config) -> str:
    """What all runs share, in words."""
    loader, optimizer = cfg.train_dataloader, dict(cfg.optim_wrapper.optimizer)
    kind = optimizer.pop("type")
    options = ", ".join(f"{key} {value:g}" for key, value in optimizer.items())
    later = cfg.benchmark.get("later_phases")
    later = later and f" Joint training, and phases after the first: `{later.to_dict()}`."
    return (
        f"{loader.dataset.data_root}, batch {loader.batch_size}, {cfg.train_cfg.max_epochs} epochs "
        f"a phase on a disjoint part of the images (joint: all of them), {kind} ({options}), each "
        f"new task from scratch.{later or ''}"
    )


def strengths(cfg: Config, labels: list[str], order: tuple[str, ...], root: Path) -> Iterator[str]:
    """What the search found, a line a method."""
    for label in labels:
        if search_option(cfg, label) is None or "like" in cfg.benchmark.methods[label]:
            continue
        try:
            value, scores = chosen_value(cfg, label, order, root)
        except RuntimeError:
            yield f"{label}: not searched"
            continue
        tried = ", ".join(f"{v:g}: {score:.1f}" for v, score in scores.items())
        yield f"{label}: {search_option(cfg, label)[0]} = {value:g} ({tried})"


def missing(
    cfg: Config,
    labels: list[str],
    orders: list[tuple[str, ...]],
    seeds: list[int],
    root: Path,
) -> str:
    """Runs without a complete record, in words."""
    done = {
        (run.label, run.order, run.seed)
        for run in final_runs(cfg, labels, orders, seeds, root)
        if run.record(root) is not None
    }
    words = []
    for label in labels:
        wanted = orders[:1] if cfg.benchmark.methods[label].get("joint") else orders
        for order in wanted:
            lacking = [str(seed) for seed in seeds if (label, order, seed) not in done]
            if lacking:
                words.append(f"{label} on {' → '.join(order)} (seeds {', '.join(lacking)})")
    return "; ".join(words) or "nothing"
