"""Comparing the output of a graph with that of its model, at several sizes and batch sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .formats import Runs
from .graph import ExportableModel

Shape = tuple[int, int, int]
"""Number of images, height, width."""


def example_image(shape: Shape, kind: str) -> Tensor:
    """A synthetic image, always the same for a shape.

    Returns:
        ``(N, 3, H, W)``.
    """
    count, height, width = shape
    generator = torch.Generator().manual_seed(height * 1000 + width)
    coarse = torch.rand(count, 3, 4, 5, generator=generator)
    image = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    noise = torch.rand(count, 3, height, width, generator=generator)
    image = (image * 0.8 + noise * 0.2) * 255
    if kind == "rgb8":
        return image.to(torch.uint8)
    return image if kind == "rgb" else image / 64 - 2


@torch.no_grad()
def compare(
    reference: ExportableModel, runs: Runs, shapes: Sequence[Shape], tolerance: float
) -> dict[str, float]:
    """Compare a graph with its model.

    Args:
        reference: The model in torch, without substituted modules.
        runs: The graph.
        shapes: Sizes to compare at.
        tolerance: Greatest allowed difference, relative to values above 1. Class ids may differ
            where the log-probabilities of the two classes differ by no more.

    Returns:
        Greatest difference by task.

    Raises:
        ValueError: If the graph fails at a size, returns another size, or differs by more.
    """
    worst = dict.fromkeys(reference.tasks, 0.0)
    for shape in shapes:
        image = example_image(shape, reference.options.input)
        where = f"at {shape[0]} image(s) of {shape[1]}x{shape[2]}"
        expected, scores = reference(image), _scores(reference, image)
        try:
            given = runs(image)
        except Exception as error:  # runtimes raise errors of any class
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"the graph fails {where}: {lines[0]}") from None
        for task, value in expected.items():
            got = given[task]
            if got.shape != value.shape:
                raise ValueError(
                    f"{task!r} has shape {tuple(got.shape)} {where}, expected {tuple(value.shape)}"
                )
            off = _difference(value, got, scores.get(task))
            worst[task] = max(worst[task], off)
            if not off <= tolerance:  # negated, so that NaN fails as well
                raise ValueError(f"{task!r} differs by {off:.3g} {where}, more than {tolerance:g}")
    return worst


def _scores(reference: ExportableModel, image: Tensor) -> Mapping[str, Tensor]:
    """Log-probabilities of the tasks whose outputs are class ids."""
    if reference.options.raw or reference.options.classes == "logits":
        return {}
    kept, reference.options = reference.options, reference.options.with_scores()
    try:
        return reference(image)
    finally:
        reference.options = kept


def _difference(expected: Tensor, given: Tensor, scores: Tensor | None) -> float:
    if expected.dtype.is_floating_point:
        scale = expected.abs().clamp(min=1)
        return float(((given - expected).abs() / scale).max())
    if given.dtype != expected.dtype:
        return float("inf")
    best = scores.gather(1, expected)
    chosen = scores.gather(1, given.clamp(0, scores.shape[1] - 1))
    inside = bool(((given >= 0) & (given < scores.shape[1])).all())
    return float((best - chosen).max()) if inside else float("inf")
