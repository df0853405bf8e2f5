"""Exporting a checkpoint to a file for another runtime, which is checked before it is written."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch

from ...checkpoints.training import with_pipeline
from ...files import atomic_path, refuse_same
from ...models.segmentors import LifelongSegmentor
from ...models.teachers import describe_input
from ...version import __version__
from ..loading import LoadedModel, load_model
from ..task_maps import describe_tasks
from .checking import Shape, compare, example_image
from .formats import (
    OPSET,
    Runs,
    need_onnx,
    run_exported,
    run_onnx,
    run_torchscript,
    write_exported,
    write_onnx,
    write_torchscript,
)
from .graph import ExportableModel, ExportOptions
from .substitutes import recording, substitute


class Format(NamedTuple):
    """The suffix of a file format, and how such a file is written and run."""

    ending: str
    write: Callable[..., None]
    run: Callable[[Path], Runs]


FORMATS = dict(
    onnx=Format(".onnx", write_onnx, run_onnx),
    export=Format(".pt2", write_exported, run_exported),
    torchscript=Format(".pt", write_torchscript, run_torchscript),
)
"""Formats by name; ``export`` is ``torch.export``."""

EXAMPLE = (2, 64, 96)
SHAPES: tuple[Shape, ...] = (EXAMPLE, (1, 96, 160), (3, 77, 101))
"""Shapes of the default check: three sizes, one of them odd, and three batch sizes."""


class ExportError(ValueError):
    """A model that cannot be exported, or a graph whose output differs from its model's."""


def export_model(
    loaded: LoadedModel | str | os.PathLike,
    path: str | os.PathLike,
    format: str | None = None,
    options: ExportOptions = ExportOptions(),  # noqa: B008  frozen
    size: tuple[int, int] | None = None,
    whole: bool = False,
    shapes: Sequence[Shape] | None = None,
    tolerance: float = 1e-4,
) -> dict[str, float]:
    """Write a model as a graph with one named output per task.

    Args:
        loaded: The model, on the CPU; or a checkpoint that contains its config.
        path: The file.
        format: One of :data:`FORMATS`; None chooses it by the file's suffix.
        options: Input and output of the graph.
        size: Height and width for a graph of a single image of this size; None leaves the number
            of images and their size variable.
        whole: Whether to predict the whole image at once, even if the model tests with a sliding
            window.
        shapes: Numbers and sizes of images to check; None for :data:`SHAPES`, empty for no check.
        tolerance: Greatest allowed difference from the model.

    Returns:
        Greatest measured difference by task; empty if nothing was checked.

    Raises:
        ExportError: If the model cannot be exported, the test pipeline normalises images that the
            graph should take as they are, or the graph differs from the model. An earlier file of
            that name is then unchanged.
        ValueError: If an argument is invalid.
    """
    path = Path(path)
    chosen = FORMATS[format_of(path, format)]
    if chosen.write is write_onnx:
        need_onnx()
    source = loaded.checkpoint if isinstance(loaded, LoadedModel) else loaded
    refuse_same(path, source)
    if isinstance(loaded, (str, os.PathLike)):
        loaded = load_model(os.fspath(loaded), device="cpu")
    model = copy.deepcopy(loaded.model).cpu()
    if whole:
        model.test_cfg = dict(mode="whole")
    reference = ExportableModel(model, options).eval()
    graph = ExportableModel(_substituted(copy.deepcopy(model)), options).eval()
    _check_size(size, reference.size)
    checked = SHAPES if shapes is None else shapes
    if size is not None and checked:
        checked = [(1, *size)]
    metadata = dict(
        mmlhl=__version__,
        checkpoint=os.path.basename(loaded.checkpoint),
        **graph.metadata(describe_tasks(model, loaded.dataset_meta)),
    )
    metadata["input"]["size"] = "any" if size is None else list(size)
    metadata["input"].update(_by_pipeline(loaded, model, options))
    if chosen.write is write_onnx:
        metadata["opset"] = str(OPSET)
    with atomic_path(path) as temporary:
        try:
            _write(chosen, graph, temporary, metadata, size)
        except Exception as error:  # exporters raise errors of any class
            lines = [line for line in str(error).splitlines() if line.strip()]
            reason = lines[0] if lines else type(error).__name__
            raise ExportError(
                f"{_what(loaded)} cannot be exported to {path.name}: {reason}"
            ) from error
        try:
            return compare(reference, chosen.run(temporary), checked, tolerance) if checked else {}
        except ValueError as error:
            fixed = "; a graph of one size (size=, --size) may still work" if size is None else ""
            raise ExportError(f"{_what(loaded)}, as {path.name}: {error}{fixed}") from None


def _by_pipeline(
    loaded: LoadedModel, model: LifelongSegmentor, options: ExportOptions
) -> dict[str, Any]:
    """Facts about the input if the test pipeline normalises images, which no graph does."""
    own = describe_input(cast(torch.nn.Module, model.data_preprocessor))
    found = with_pipeline(own, loaded.cfg)
    if found["mean"] == own["mean"]:
        return {}
    if options.input != "normalised":
        raise ExportError(
            f"images are normalised by Normalize in the test pipeline of {loaded.checkpoint}, not "
            f"by the model: a graph that takes input={options.input!r} would see others; give "
            "input='normalised' (--input normalised)"
        )
    order = "RGB" if found["bgr_to_rgb"] else "BGR"
    return dict(mean=found["mean"], std=found["std"], channels=order, model_channels=order)


def _check_size(size: tuple[int, int] | None, padded: Sequence[int] | None) -> None:
    """Refuse sizes that the model cannot pad to that of its preprocessor."""
    if not padded:
        return
    key = f"data_preprocessor.test_cfg.size is {tuple(padded)}"
    if size is None:
        raise ExportError(
            f"{key}: a graph of any size cannot pad to one; give the size of the images"
        )
    if size[0] > padded[0] or size[1] > padded[1]:
        raise ExportError(f"{key}, into which images of {size[0]}x{size[1]} do not fit")


def _write(
    chosen: Format,
    graph: ExportableModel,
    path: Path,
    metadata: dict,
    size: tuple[int, int] | None,
) -> None:
    """Record the graph on an example of its size, or with dynamic size, and write it."""
    with recording(), torch.no_grad():
        image = example_image(EXAMPLE if size is None else (1, *size), graph.options.input)
        chosen.write(graph, image, path, metadata, size is None)


def format_of(path: Path, format: str | None) -> str:
    """The format of a file.

    Returns:
        A key of :data:`FORMATS`.

    Raises:
        ValueError: If there is no such format, or none with that suffix.
    """
    if format is None:
        for name, known in FORMATS.items():
            if path.suffix.lower() == known.ending:
                return name
        endings = ", ".join(f"{known.ending} ({name})" for name, known in FORMATS.items())
        raise ValueError(f"{path}: the ending names no format; known are {endings}")
    if format not in FORMATS:
        raise ValueError(f"format must be one of {list(FORMATS)}, got {format!r}")
    return format


def _substituted(model: LifelongSegmentor) -> LifelongSegmentor:
    try:
        substitute(model)
    except ValueError as error:
        raise ExportError(str(error)) from None
    return model


def _what(loaded: LoadedModel) -> str:
    """The model in words, for messages."""
    heads = sorted({type(head.decoder).__name__ for head in loaded.model.heads.values()})
    return f"{type(loaded.model.backbone).__name__} with {', '.join(heads)}"
