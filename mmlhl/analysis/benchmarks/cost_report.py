"""The cost model of a sequence compared with measured steps, and its predictions beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmengine.config import Config
from mmseg.registry import MODELS

from ..cost_model import Link, Network, PhaseCost, Plan, fit_network, sequence_cost
from .running import commit
from .step_models import model_of
from .step_price import ALL, FLOOR, STORED
from .turns import Turns

#: sizes of training sets and numbers of processes in the table
IMAGES = (10_000, 100_000, 1_000_000)
PROCESSES = (1, 8, 64)
TASKS = 10


def parameters_of(cfg: Config) -> tuple[int, int]:
    """Number of parameters of a config's encoder and of a depth head."""
    model: Any = MODELS.build({**model_of(cfg, 2), "method": dict(type="Naive")})
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in _parts(model)}
    return counts["all"] - counts["t1"] - counts["t2"], counts["t2"]


def _parts(model: Any) -> list[tuple[str, Any]]:
    return [("all", model), *model.heads.items()]


def fit(found: Mapping[str, Turns], batch: int, parameters: tuple[int, int]) -> Network:
    """Costs per image, fitted to the steps that :mod:`.step_price` measured.

    Args:
        found: Times by number of tasks.
        batch: Images per step.
        parameters: Parameters of encoder and head.
    """
    training = {int(n): turns.least(ALL) / batch for n, turns in found.items()}
    teaching = {
        int(n) - 1: (turns.least(FLOOR) - turns.least(ALL)) / batch for n, turns in found.items()
    }
    return fit_network(training, teaching, *parameters)


def checked(found: Mapping[str, Turns], network: Network, batch: int) -> list[str]:
    """Rows of Markdown: measured steps of HAD, which were not fitted, and those of the model."""
    rows = []
    for count, turns in sorted(found.items(), key=lambda item: int(item[0])):
        tasks = int(count)
        online = batch * (network.train(tasks) + network.predict(tasks - 1))
        pairs = [("HAD", online), (STORED, batch * network.train(tasks))]
        cells = [f"{turns.least(n):.2f} | {value:.2f}" for n, value in pairs]
        rows.append(f"| {tasks} | " + " | ".join(cells) + " |")
    return rows


def beyond(network: Network, link: Link, batch: int, epochs: int) -> list[str]:
    """Rows of Markdown: hours of ten phases by images and processes."""
    rows = []
    for images in IMAGES:
        for processes in PROCESSES:
            plan = Plan(TASKS, images, epochs, batch, processes)
            online = sequence_cost(network, plan, link)
            stored = sequence_cost(network, replace(plan, stored=True), link)
            naive = sequence_cost(network, replace(plan, teacher=False), link)
            hours = [sum(c.seconds for c in costs) / 3600 for costs in (naive, online, stored)]
            shares = [100 * _computing(costs) for costs in (naive, online, stored)]
            cells = [f"{h:.3g}" for h in hours] + [f"{s:.1f} %" for s in shares]
            rows.append(f"| {images:,} | {processes} | " + " | ".join(cells) + " |")
    return rows


def _computing(costs: Sequence[PhaseCost]) -> float:
    """Share of computation in a sequence's training time."""
    waiting = sum(cost.communication for cost in costs)
    return 1 - waiting / sum(cost.seconds - cost.evaluation for cost in costs)


def report(
    found: Mapping[str, Turns],
    cfg: Config,
    batch: int,
    speed: float,
    link: Link,
    command: str,
    epochs: int = 20,
    large_batch: int = 16,
) -> str:
    """The model as Markdown: fitted values, quality of the fit, and larger sequences.

    Args:
        found: Result of :mod:`.step_price`, by number of tasks.
        cfg: Config of the measured network.
        batch: Images per measured step.
        speed: Assumed speed of a processor as a multiple of the measured core.
        link: Assumed connection of processes.
        command: The command of the benchmark.
        epochs: Epochs of a phase.
        large_batch: Images per step and process.
    """
    network = fit(found, batch, parameters_of(cfg))
    fitted = (
        f"{1e3 * network.train_encoder:.1f} ms the encoder and {1e3 * network.train_head:.1f} ms "
        f"per head, forward and backward; {1e3 * network.encoder:.1f} ms and "
        f"{1e3 * network.head:.1f} ms forward; {network.encoder_parameters / 1e6:.2f} M and "
        f"{network.head_parameters / 1e6:.2f} M parameters"
    )
    assumed = (
        f"A processor {speed:g} times as fast as the core that was measured, {large_batch} images "
        f"per step and process, {epochs} epochs per phase, {link.bandwidth / 1e9:g} GB/s, "
        f"{1e6 * link.latency:g} us per message, {100 * link.overlap:g} % of the backward pass to "
        f"hide behind; {TASKS} tasks, disjoint parts, no evaluation"
    )
    return "\n".join(
        [
            f"Command: `{command}`; commit {commit()}.",
            "",
            "Fitted to naive training of all heads and to the teacher, least CPU time per image: "
            f"{fitted}.",
            "",
            "| tasks | HAD, s per step: measured | model | HAD, stored: measured | model |",
            "| ---: | ---: | ---: | ---: | ---: |",
            *checked(found, network, batch),
            "",
            f"{assumed}: hours, and the share of them that computes.",
            "",
            "| images | processes | Naive, h | HAD, h | HAD, stored, h | Naive computes | HAD | "
            "HAD, stored |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *beyond(network.faster(speed), link, large_batch, epochs),
        ]
    )
