"""Writing and running a graph in each format.

Each ``write_*`` takes the graph, an example of images ``(N, 3, H, W)`` to trace it with, the file,
metadata that is written with it as JSON, and whether batch and size may vary.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .graph import INPUT, ExportableModel

METADATA = "mmlhl.json"
"""Name of the metadata inside torch's own files."""

OPSET = 17
Runs = Callable[[Tensor], dict[str, Tensor]]
AXES = {0: "batch", 2: "height", 3: "width"}


class _AsTuple(nn.Module):
    """A graph that returns a tuple of outputs instead of a dict."""

    def __init__(self, model: ExportableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(image).values())


def need_onnx() -> None:
    """Check that ONNX files can be written and run.

    Raises:
        ValueError: If onnx or onnxruntime is missing.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the format onnx needs the package {error.name!r}: pip install onnx onnxruntime"
        ) from None


def write_onnx(
    model: ExportableModel, example: Tensor, path: Path, metadata: Mapping[str, Any], dynamic: bool
) -> None:
    """Write an ONNX file, with the metadata in its ``metadata_props``."""
    need_onnx()
    import onnx

    names = model.tasks
    sides = {} if model.options.raw else AXES
    raw = {0: "batch", 2: "map_height", 3: "map_width"} if model.options.raw else {}
    axes = {INPUT: AXES, **{name: sides or raw for name in names}} if dynamic else None
    options: dict[str, Any] = dict(
        input_names=[INPUT], output_names=names, dynamic_axes=axes, opset_version=OPSET
    )
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False  # the other exporter takes minutes instead of seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's warnings, which our check covers
        torch.onnx.export(_AsTuple(model).eval(), (example,), str(path), **options)
    written = onnx.load(str(path))
    with torch.no_grad():
        maps = model(example)
    for output in written.graph.output:
        varies = {} if axes is None else axes[output.name]
        for axis, dim in enumerate(output.type.tensor_type.shape.dim):
            if axis not in varies:  # the tracer loses the number of channels, which runtimes need
                dim.dim_value = maps[output.name].shape[axis]
    for key, value in metadata.items():
        text = value if isinstance(value, str) else json.dumps(value)
        written.metadata_props.add(key=key, value=text)
    onnx.checker.check_model(written)
    onnx.save(written, str(path))


def run_onnx(path: Path) -> Runs:
    """Load an ONNX file in onnxruntime, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised anyway
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(image: Tensor) -> dict[str, Tensor]:
        maps = session.run(None, {INPUT: image.numpy()})
        return {name: torch.from_numpy(array) for name, array in zip(names, maps, strict=True)}

    return run


def write_exported(
    model: ExportableModel, example: Tensor, path: Path, metadata: Mapping[str, Any], dynamic: bool
) -> None:
    """Write a file of ``torch.export`` that contains the graph and the metadata.

    Raises:
        ValueError: If they may vary, and this torch cannot export that.
    """
    shapes = None
    if dynamic:
        free = getattr(torch.export.Dim, "DYNAMIC", None)
        if free is None:
            raise ValueError(
                "torch.export for any size needs torch 2.6 or newer; give a size (size=, --size), "
                "or choose .onnx or .pt"
            )
        shapes = {INPUT: {axis: free for axis in AXES}}
    program = torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)
    with open(path, "wb") as file:  # torch warns about the suffix of the temporary name
        torch.export.save(program, file, extra_files={METADATA: json.dumps(metadata)})


def run_exported(path: Path) -> Runs:
    """Load a file of ``torch.export``.

    Its guards are left out if torch supports that: those of a Transformer refuse a single image,
    although the graph is correct for it.
    """
    with open(path, "rb") as file:
        program = torch.export.load(file)
    can_choose = "check_guards" in inspect.signature(program.module).parameters
    return program.module(check_guards=False) if can_choose else program.module()


def write_torchscript(
    model: ExportableModel, example: Tensor, path: Path, metadata: Mapping[str, Any], dynamic: bool
) -> None:
    """Write a traced TorchScript module, whose sizes are always variable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, example, strict=False, check_trace=False)
        torch.jit.save(traced, str(path), _extra_files={METADATA: json.dumps(metadata)})


def run_torchscript(path: Path) -> Runs:
    """Load a TorchScript module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path))

    def run(image: Tensor) -> dict[str, Tensor]:
        with torch.jit.optimized_execution(False):  # optimising takes longer than it saves here
            return module(image)

    return run
