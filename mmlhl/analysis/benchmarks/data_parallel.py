"""Cost of a second process per step: HAD and naive training, on CPU processes over gloo."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from .running import commit
from .step_models import Workload, workload
from .step_price import ALL, STORED
from .turns import Turns, take_turns

NAMES = ("Naive", ALL, "HAD", STORED)
ALONE = "alone"


def _model(given: Workload, name: str) -> tuple[Any, list]:
    """A student and its training samples."""
    if name == ALL:
        return given.student(dict(type="Naive"), given.tasks), given.samples
    if name != STORED:
        return given.student(dict(type=name)), given.samples
    model = given.student(dict(type="HAD"))
    model.set_teacher(None)
    model.stored_labels = True
    return model, given.labelled()


def gradient_bytes(given: Workload) -> dict[str, int]:
    """Bytes of the gradients that processes exchange, by step."""
    models = {name: _model(given, name)[0] for name in NAMES}
    return {
        name: sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
        for name, model in models.items()
    }


def step_pairs(given: Workload) -> dict[str, Callable[[], object]]:
    """A step of each model alone, and of the same model wrapped for several processes.

    Args:
        given: Batch and models; the process group is open.
    """
    functions: dict[str, Callable[[], object]] = {}

    def stepping(model: Any, wrapped: Any, samples: list) -> Callable[[], object]:
        def step() -> None:
            wrapped.zero_grad(set_to_none=True)
            losses = wrapped(given.inputs, samples, mode="loss")
            model.parse_losses(losses)[0].backward()

        return step

    for name in NAMES:
        model, samples = _model(given, name)
        functions[f"{name}, {ALONE}"] = stepping(model, model, samples)
        other, samples = _model(given, name)
        # without find_unused_parameters: every parameter that is trained gets a gradient
        wrapped = DistributedDataParallel(other, broadcast_buffers=False)
        functions[name] = stepping(other, wrapped, samples)
    return functions


def _work(rank: int, processes: int, meet: str, out: Any, given: tuple) -> None:
    cfg, count, batch, size, rounds = given
    torch.set_num_threads(1)
    init_default_scope("mmseg")
    distributed.init_process_group("gloo", f"file://{meet}", rank=rank, world_size=processes)
    try:
        functions = step_pairs(workload(cfg, count, batch, size, seed=rank))
        out.put(take_turns(functions, rounds).seconds)
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def measure(
    cfg: Config, count: int, batch: int, size: Sequence[int], rounds: int, processes: int = 2
) -> Turns:
    """CPU times of steps, alone and in several processes, added over all processes."""
    context = multiprocessing.get_context("fork")
    out: Any = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        given = (cfg, count, batch, size, rounds)
        meet = str(Path(folder) / "meet")
        jobs = [
            context.Process(target=_work, args=(rank, processes, meet, out, given))
            for rank in range(processes)
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    if any(job.exitcode for job in jobs):
        raise RuntimeError("a process that measures has died, see above")
    found = [Turns(out.get()) for _ in jobs]
    return sum(found[1:], found[0])


def report(turns: Turns, sizes: dict[str, int], what: str, processes: int, command: str) -> str:
    """The times as Markdown.

    Args:
        turns: Result of :func:`measure`.
        sizes: Result of :func:`gradient_bytes`.
        what: Network, tasks and images per step, in words.
        processes: Number of processes.
        command: The command of the benchmark.
    """
    lines = [
        f"Command: `{command}`; commit {commit()}; torch {torch.__version__}.",
        "",
        f"{what}; {processes} processes over gloo. Efficiency: CPU time of a step alone as a "
        "multiple of the same in all processes, turn by turn, median ± half the distance of the "
        "quartiles. Time that a process waits for another is not in it.",
        "",
        "| step | gradients, MB | CPU time added, ms | efficiency |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in NAMES:
        pair = (f"{name}, {ALONE}", name)
        added = 1e3 * (turns.least(name) - turns.least(pair[0]))
        shared = f"{turns.ratio(*pair):.2f} ± {turns.spread(*pair):.2f}"
        lines.append(f"| {name} | {sizes[name] / 1e6:.1f} | {added:.0f} | {shared} |")
    return "\n".join(lines)
