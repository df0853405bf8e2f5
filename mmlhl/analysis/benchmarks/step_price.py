"""Cost of a training step: methods compared with the passes that they need at least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from mmengine.config import Config

from .plain_had import plain_losses
from .running import commit
from .step_models import Workload, workload
from .turns import Turns, take_turns

FLOOR = "all heads + teacher"
ALL = "all heads"
METHODS = ("Naive", "LwF", "HAD")
STORED = "HAD, stored"
PLAIN = "HAD, plain reading"
#: columns of the table: the step and the one that it is divided by
COLUMNS = (
    ("Naive", FLOOR),
    ("LwF", FLOOR),
    ("HAD", FLOOR),
    (PLAIN, FLOOR),
    (STORED, ALL),
    (STORED, "HAD"),
)


def step(model: Any, losses: Callable[[], dict]) -> None:
    """Run forward and backward, without the optimiser, which is the same for all methods."""
    model.zero_grad(set_to_none=True)
    model.parse_losses(losses())[0].backward()


def step_functions(
    given: Workload, names: Sequence[str] | None = None
) -> dict[str, Callable[[], object]]:
    """A step of each method, and of the passes that it needs at least, as functions.

    Args:
        given: Batch and models.
        names: The functions to make; None for all.

    Returns:
        By name: naive training of all heads with annotations, the same with one run of the
        teacher, naive training of the new head alone, the methods, HAD with stored labels, and the
        plain implementation of HAD.
    """
    made = {ALL: _all_heads, FLOOR: _floor, STORED: _stored, PLAIN: _plain}
    made.update({name: partial(_method, name=name) for name in METHODS})
    return {name: made[name](given) for name in (made if names is None else names)}


def _all_heads(given: Workload) -> Callable[[], object]:
    model = given.student(dict(type="Naive"), given.tasks)
    return _of(model, model.loss, given.inputs, given.samples)


def _floor(given: Workload) -> Callable[[], object]:
    every, asking = _all_heads(given), given.student(dict(type="LwF"))

    def both() -> None:
        every()
        asking.teach(given.inputs, given.samples)

    return both


def _method(given: Workload, name: str) -> Callable[[], object]:
    model = given.student(dict(type=name))
    return _of(model, model.loss, given.inputs, given.samples)


def _stored(given: Workload) -> Callable[[], object]:
    model = given.student(dict(type="HAD"))
    model.set_teacher(None)
    model.stored_labels = True
    return _of(model, model.loss, given.inputs, given.labelled())


def _plain(given: Workload) -> Callable[[], object]:
    model = given.student(dict(type="HAD"))
    return _of(model, plain_losses, model, given.inputs, given.samples)


def _of(model: Any, losses: Callable[..., dict], *given: Any) -> Callable[[], object]:
    return lambda: step(model, lambda: losses(*given))


def measure(
    cfg: Config,
    counts: Sequence[int],
    batch: int,
    size: Sequence[int],
    rounds: int,
    device: str = "cpu",
) -> dict[str, Turns]:
    """Times of all steps by number of tasks.

    Args:
        cfg: Config of the network.
        counts: Numbers of tasks, each at least 2.
        batch: Images per step.
        size: (height, width).
        rounds: Number of timings per step.
        device: Device of the steps.
    """
    return {
        str(count): take_turns(step_functions(workload(cfg, count, batch, size, device)), rounds)
        for count in counts
    }


def report(found: Mapping[str, Turns], what: str, command: str, device: str = "cpu") -> str:
    """The times as Markdown.

    Args:
        found: Result of :func:`measure`.
        what: Network, images per step and their size, in words.
        command: The command of the benchmark.
        device: Device of the steps.
    """
    kind = "CPU time" if device == "cpu" else f"time on {torch.cuda.get_device_name()}"
    threads = f", {torch.get_num_threads()} thread(s)" if device == "cpu" else ""
    rounds = min(len(turns.seconds[ALL]) for turns in found.values())
    lines = [
        f"Command: `{command}`; commit {commit()}; torch {torch.__version__}.",
        "",
        f"{what}. {kind} of forward and backward passes{threads}; ratios within a turn, median of "
        f"{rounds} turns or more ± half the distance of the quartiles.",
        "",
        "| tasks | " + " | ".join(f"{name} / {base}" for name, base in COLUMNS) + " |",
        "| ---: |" + " ---: |" * len(COLUMNS),
    ]
    for count, turns in sorted(found.items(), key=lambda item: int(item[0])):
        cells = [f"{turns.ratio(*c):.2f} ± {turns.spread(*c):.2f}" for c in COLUMNS]
        lines.append(f"| {count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
