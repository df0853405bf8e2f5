"""Parameters and FLOPs of a model: in total, by task, and by phase of a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmseg.registry import MODELS
from torch import nn

from ..engine.phases import parse_phases, phase_config
from ..inference.loading import without_pretrained
from ..models.teachers import model_config
from .sheet import Column, Sheet

ENCODER = "encoder"
#: mmseg's names of the parts of the encoder.
ENCODER_PARTS = ("backbone", "neck")
#: Pixel-wise operators, negligible compared with convolutions and matrix products.
CHEAP = """
add add_ mul mul_ div div_ sub rsub pow sqrt exp tanh sigmoid softmax gelu silu relu hardswish
mean sum max_pool2d unflatten feature_dropout repeat pad fill_
""".split()


@dataclass(frozen=True)
class Part:
    """A part of a model.

    Attributes:
        parameters: Number of its weights.
        flops: Multiply-add operations for one image; 0 for parts that only training uses.
    """

    parameters: int
    flops: int


@dataclass(frozen=True)
class Complexity:
    """Cost of one prediction.

    Attributes:
        shape: Height and width of the image.
        parts: By name: the encoder, then each task's head (or the decoders of a plain mmseg
            model), then parts that only training uses, then the rest.
        tasks: Names in ``parts`` that are tasks.
        uncounted: Operators that mmengine cannot count, with their number.
    """

    shape: tuple[int, int]
    parts: dict[str, Part]
    tasks: list[str]
    uncounted: dict[str, int]

    def total(self, *names: str) -> Part:
        """The sum of some parts; without names, of all."""
        chosen = [self.parts[name] for name in names or self.parts]
        return Part(sum(p.parameters for p in chosen), sum(p.flops for p in chosen))


def measure(model: nn.Module, shape: tuple[int, int]) -> Complexity:
    """Trace the prediction of one image, without the resizing of maps to the image's size.

    Args:
        model: A LifelongSegmentor, or any segmentor of mmseg, on the CPU.
        shape: Height and width of the image.

    Returns:
        Parameters and FLOPs.

    Raises:
        ValueError: If the shape is not two positive numbers.
    """
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"shape is {tuple(shape)}; it must be height and width in pixels")
    model = revert_sync_batchnorm(model).eval()
    with torch.no_grad():
        analyzer = FlopAnalyzer(model, (torch.zeros(1, 3, *shape),))
        analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analyzer.set_op_handle("aten::scaled_dot_product_attention", _attention)
        flops, parameters = analyzer.by_module(), parameter_count(model)
        unknown = {k.removeprefix("aten::"): n for k, n in analyzer.unsupported_ops().items()}
    heads = getattr(model, "heads", None)
    parts: dict[str, Part] = {}
    for name, module in _parts(model):
        if not any(True for _ in module.parameters()):
            continue
        label = ENCODER if name in ENCODER_PARTS else name.removeprefix("heads.")
        before = parts.get(label, Part(0, 0))
        parts[label] = Part(
            before.parameters + parameters[name], before.flops + int(flops.get(name, 0))
        )
    rest = int(flops[""]) - sum(part.flops for part in parts.values())
    if rest:  # operators outside of its parts
        parts["rest"] = Part(0, rest)
    skipped = {name: int(n) for name, n in unknown.items() if name not in CHEAP}
    return Complexity((shape[0], shape[1]), parts, list(heads or []), skipped)


def measure_phases(cfg: Config, shape: tuple[int, int]) -> list[tuple[str, int, Complexity]]:
    """Measure the model of each phase of a sequence.

    Returns:
        For each phase its name, how many of the latest models run on each training image as
        teachers, and the complexity of its model.
    """
    cfg = cfg.copy()
    cfg.setdefault("work_dir", "unused")
    phases = parse_phases(cfg)
    measured = []
    for index, phase in enumerate(phases):
        model = build(phase_config(cfg, phases, index))
        method = getattr(model, "method")  # noqa: B009
        teachers = (index if method.teachers == "first" else min(index, 1)) * method.needs_teacher
        measured.append((phase.name, teachers, measure(model, shape)))
    return measured


def build(cfg: Config) -> nn.Module:
    """Build a model of random weights, without looking for pretrained ones.

    Args:
        cfg: Config with ``model``; of a distilled segmentor, the student is built.
    """
    return MODELS.build(without_pretrained(model_config(cfg, "the config")))


def task_sheet(found: Complexity) -> Sheet:
    """One row per part, one per task with the encoder, and one for the whole model.

    Args:
        found: Result of :func:`measure`.
    """
    height, width = found.shape
    sheet = Sheet("tasks", f"One image of {height} x {width} pixels", list(_COLUMNS), corner="part")
    sheet.rows = [(name, _cells(part)) for name, part in found.parts.items()]
    if len(found.tasks) > 1 and ENCODER in found.parts:
        for task in found.tasks:
            sheet.rows.append((f"{task} alone", _cells(found.total(ENCODER, task))))
    sheet.rows.append(("whole model", _cells(found.total())))
    sheet.notes = ["One FLOP is a multiplication with its addition, as mmengine counts."]
    if found.uncounted:
        names = (f"{n} x {name}" for name, n in found.uncounted.items())
        sheet.notes.append(f"Not counted: {', '.join(names)}.")
    return sheet


def phase_sheet(phases: list[tuple[str, bool, Complexity]]) -> Sheet:
    """One row per phase: its model, and the cost of the teacher per training image.

    Args:
        phases: Result of :func:`measure_phases`.
    """
    height, width = phases[0][2].shape
    columns = [Column("tasks"), *_COLUMNS, Column("FLOPs of the teacher")]
    title = f"By phase, one image of {height} x {width} pixels"
    sheet = Sheet("phases", title, columns, corner="phase")
    before: list[int] = []
    for name, teachers, found in phases:
        teacher = amount(sum(before[-teachers:])) if teachers else "-"
        cells = [", ".join(found.tasks), *_cells(found.total()), teacher]
        sheet.rows.append((name, cells))
        before.append(found.total().flops)
    return sheet


def amount(number: int) -> str:
    """A number with three digits and K, M, G or T.

    Returns:
        A text such as ``1.83 G``.
    """
    for factor, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "K")):
        if number >= factor * 0.9995:
            scaled = number / factor
            return f"{scaled:.{max(0, 2 - int(math.log10(scaled * 1.0005)))}f} {letter}"
    return str(number)


_COLUMNS = (Column("parameters"), Column("FLOPs"))


def _cells(part: Part) -> list[str]:
    return [amount(part.parameters), amount(part.flops) if part.flops else "-"]


def _parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The children of a model, with each head instead of ``heads``."""
    later = []
    for name, child in model.named_children():
        if name == "heads":
            yield from ((f"heads.{task}", head) for task, head in child.named_children())
        elif name in ENCODER_PARTS or name.endswith("_head"):
            yield name, child
        else:
            later.append((name, child))
    yield from later


def _attention(inputs: list[Any], outputs: list[Any]) -> int:
    """Scores and weighted sum of attention, which mmengine does not count."""
    query, _, value = (node.type().sizes() for node in inputs[:3])
    *batch, length, width = query
    return math.prod(batch) * length * value[-2] * (width + value[-1])
