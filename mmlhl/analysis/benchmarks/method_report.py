"""The report of the benchmark of methods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from ...registered import type_name
from ..comparison import Comparison
from ..formats import to_markdown, to_rich
from . import running
from .claims import to_markdown as claims_table
from .claims import verdicts
from .method_runs import search_option
from .method_search import MIN_SPAN, chosen_value, final_runs, is_searched, open_end


def report(
    cfg: Config,
    command: str,
    labels: list[str],
    orders: list[tuple[str, ...]],
    seeds: list[int],
    root: Path,
) -> str:
    """The benchmark's report as Markdown; its tables are also printed."""
    found = [run.record(root) for run in final_runs(cfg, labels, orders, seeds, root)]
    records = [record for record in found if record is not None]
    commits = dict.fromkeys(r.extra["commit"] for r in records if "commit" in r.extra)
    of = f", runs of {', '.join(commits)}" if commits else ""
    lines = [
        f"Command: `{command}`; commit {running.commit()}{of}; seeds {seeds}.",
        "",
        settings(cfg),
        "",
    ]
    if records:
        comparison = Comparison(records, min_span=MIN_SPAN)
        for group in comparison.groups:
            for sheet in (comparison.summary(group), comparison.final(group)):
                Console().print(to_rich(sheet))
                lines += [to_markdown(sheet), ""]
            held = verdicts(group, cfg.benchmark.get("claims", ()))
            if held:
                lines += [f"**{group.name}: the paper's claims**", "", claims_table(held), ""]
    shared = [label for label in labels if cfg.benchmark.methods[label].get("first_phase")]
    if shared:
        lines += [
            "These share the first phase of a seed, which without old tasks is the same for them: "
            f"{'; '.join(shared)}.",
            "",
        ]
    lines += [*strengths(cfg, labels, orders[0], root)]
    lines += ["", "Not run: " + missing(cfg, labels, orders, seeds, root) + ".", ""]
    return "\n".join(lines)


def settings(cfg: Config) -> str:
    """The settings of all runs, in words."""
    loader, optimizer = cfg.train_dataloader, dict(cfg.optim_wrapper.optimizer)
    kind = optimizer.pop("type")
    options = ", ".join(f"{key} {value:g}" for key, value in optimizer.items())
    steps = cfg.optim_wrapper.get("accumulative_counts", 1)
    times = f" accumulated {steps} times" if steps > 1 else ""
    later = cfg.benchmark.get("later_phases")
    later = later and f" Joint training, and phases after the first: `{later.to_dict()}`."
    return (
        f"{loader.dataset.data_root}, {images(cfg)}batch {loader.batch_size}{times}, "
        f"{cfg.train_cfg.max_epochs} epochs per phase on a disjoint part of the "
        f"images (joint: all of them), {kind} ({options}), each new task from scratch.{later or ''}"
    )


def images(cfg: Config) -> str:
    """The size to which training images are resized, in words; empty if they are not resized."""
    pipeline = cfg.train_dataloader.dataset.get("pipeline") or ()
    sizes = [
        step.scale for step in pipeline if type_name(step) == "MultiTaskResize" and "scale" in step
    ]
    return "".join(f"resized to {height}x{width}, " for width, height in sizes)


def strengths(cfg: Config, labels: list[str], order: tuple[str, ...], root: Path) -> Iterator[str]:
    """How strengths were chosen and the results of the search, one line per method."""
    names = {
        label: option[0]
        for label in labels
        if (option := search_option(cfg, label)) and "like" not in cfg.benchmark.methods[label]
    }
    if not names:
        return
    if not is_searched(cfg):
        words = [
            f"{label} {name} = {chosen_value(cfg, label, order, root)[0]:g}"
            for label, name in names.items()
        ]
        yield f"Strengths were not searched: {'; '.join(words)}."
        return
    score = {"gain": "gain over naive", "position": "position between naive and joint"}
    by = score[cfg.benchmark.get("search_by", "position")]
    phases = " → ".join(order[: cfg.benchmark.get("search_phases")])
    yield (
        f"Strengths tried with seed {cfg.benchmark.search_seed} on {phases} ({by} in %), the best "
        "one taken:"
    )
    yield ""
    for label in names:
        try:
            value, scores = chosen_value(cfg, label, order, root)
        except RuntimeError:
            yield f"- {label}: not searched"
            continue
        tried = ", ".join(f"{v:g}: {score:.1f}" for v, score in scores.items())
        end = "" if open_end(scores) is None else ", still at an end"
        yield f"- {label}: {names[label]} = {value:g}{end} ({tried})"


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
        entry = cfg.benchmark.methods[label]
        own_orders = orders[:1] if entry.get("joint") or entry.get("single") else orders
        for order in own_orders:
            parts = [(task,) for task in order] if entry.get("single") else [order]
            lacking = [
                str(seed) for seed in seeds if not done >= {(label, part, seed) for part in parts}
            ]
            if lacking:
                words.append(f"{label} on {' → '.join(order)} (seeds {', '.join(lacking)})")
    return "; ".join(words) or "nothing"
