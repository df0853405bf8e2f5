"""Memory of training steps, evaluations and long sequences, on Linux and a CPU."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.profiler import ProfilerActivity, profile

from ...evaluation import MultiTaskEvaluator, SegmentationMetric
from .phase_resources import forget_peak, status, trace
from .running import commit
from .step_models import workload
from .step_price import ALL, PLAIN, STORED, step_functions

STEPS = ("Naive", ALL, "LwF", "HAD", STORED, PLAIN)


def apart(function: Callable[[], Any]) -> Any:
    """Call a function in a forked process, whose memory is freed afterwards."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        torch.set_num_threads(1)
        sender.send(function())

    process = context.Process(target=work)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError("the process that measures has died") from None
    finally:
        process.join()


def tensor_peak(function: Callable[[], object]) -> float:
    """Peak memory in MiB of the tensors that a function allocates on the CPU.

    It is counted from the allocator's events, without memory that the process holds in reserve.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    events: Any = profiler.profiler.kineto_results.events()
    made = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return max(accumulate((size for _, size in made), initial=0)) / 2**20


def step_peak(
    cfg: Config, name: str, count: int, batch: int, size: Sequence[int]
) -> dict[str, float]:
    """Memory of a step in MiB.

    Args:
        cfg: Config of the network.
        name: One of ``STEPS``.
        count: Number of tasks.
        batch: Images per step.
        size: (height, width).

    Returns:
        ``models``: weights and statistics of student and teacher; ``peak``: features, maps and
        gradients of a step.
    """
    given = workload(cfg, count, batch, size)
    student: Any = given.student(dict(type="Naive"))
    models = [student] + ([given.teacher] if name in ("LwF", "HAD", PLAIN) else [])
    held = sum(t.numel() * t.element_size() for m in models for t in m.state_dict().values())
    return dict(models=held / 2**20, peak=tensor_peak(step_functions(given, [name])[name]))


def evaluation_trace(
    images: int, size: Sequence[int], classes: int, marks: Sequence[int]
) -> list[tuple[int, float, float]]:
    """Memory while a number of class maps are evaluated, in a separate process.

    Each prediction is a new tensor, so that memory would grow if the evaluator kept them.

    Returns:
        Images, resident MiB and peak MiB since the beginning at each mark.
    """

    def work() -> list[tuple[int, float, float]]:
        metric = SegmentationMetric(num_classes=classes)
        evaluator = MultiTaskEvaluator(metrics=dict(seg=metric))
        torch.manual_seed(0)
        truth = torch.randint(classes, (1, *size), dtype=torch.uint8)
        guess = torch.where(torch.rand(1, *size) < 0.7, truth, (truth + 1) % classes)
        forget_peak()
        found = []
        for number in range(1, images + 1):
            sample = SegDataSample(metainfo=dict(ori_shape=tuple(size), img_path=f"{number}.png"))
            sample.gt_sem_seg = PixelData(data=truth.long())
            sample.pred_sem_seg = PixelData(data=guess.long())
            evaluator.process([sample.to_dict()])
            if number in marks:
                found.append((number, status("VmRSS"), status("VmHWM")))
        assert 69 < evaluator.evaluate(images)["seg/aAcc"] < 71
        return found

    return apart(work)


def step_report(
    cfg: Config, what: str, counts: Sequence[int], batch: int, size: Sequence[int], command: str
) -> str:
    """Memory of steps as Markdown, see :func:`step_peak`."""
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"{what}, {batch} images of {size[0]}x{size[1]}, float32, without an optimiser: MiB of "
        "student and teacher, and of the tensors that a step makes, at its peak.",
        "",
        "| step | " + " | ".join(f"{n} tasks: models | step" for n in counts) + " |",
        "| --- |" + " ---: | ---: |" * len(counts),
    ]
    for name in STEPS:
        found = [step_peak(cfg, name, count, batch, size) for count in counts]
        cells = [f"{each['models']:.1f} | {each['peak']:.0f}" for each in found]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def evaluation_report(images: int, size: Sequence[int], classes: int, command: str) -> str:
    """Memory of an evaluation as Markdown, see :func:`evaluation_trace`."""
    marks = sorted({number for number in (1, 10, 100, 300, images) if number <= images})
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"`MultiTaskEvaluator` over {images} predictions of {size[0]}x{size[1]} and {classes} "
        "classes, each a new one.",
        "",
        "| images | resident (MiB) | peak so far (MiB) |",
        "| ---: | ---: | ---: |",
    ]
    for number, resident, peak in evaluation_trace(images, size, classes, marks):
        lines.append(f"| {number} | {resident:.0f} | {peak:.0f} |")
    return "\n".join(lines)


def sequence_report(phases: int, command: str) -> str:
    """Memory of a sequence of HAD, phase by phase, as Markdown."""
    found = apart(lambda: trace(phases))
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"HAD over {phases} phases of one task in one process: what it holds when a phase begins "
        "to train, and the peak until the next one does.",
        "",
        "| phase | resident (MiB) | peak of the phase (MiB) |",
        "| ---: | ---: | ---: |",
    ]
    for number, (now, later) in enumerate(zip(found, found[1:], strict=False), 1):
        lines.append(f"| {number} | {now['memory']:.1f} | {later['peak']:.1f} |")
    return "\n".join(lines)
