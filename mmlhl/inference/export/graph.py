"""The exported part of a model, from an image to one named map per task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.segmentors import LifelongSegmentor
from ...models.teachers import input_normalisation
from ..task_maps import TaskInfo

INPUT = "image"
"""Name of the graph's input."""

INPUTS = ("rgb", "rgb8", "normalised")
CLASSES = ("ids", "logits")


@dataclass(frozen=True)
class ExportOptions:
    """Input and output of a graph.

    Args:
        input: ``rgb`` (float32 in 0..255) or ``rgb8`` (uint8) if the graph normalises; or
            ``normalised``: float32 after the preprocessor, in the model's channel order.
        classes: Output of class tasks: ``ids`` (int64, one channel) or ``logits``
            (log-probabilities).
        raw: Whether to return the decoders' maps at their own size, without any activation.

    Raises:
        ValueError: If an option has another value, or ``raw`` is combined with
            ``classes='logits'``.
    """

    input: str = "rgb"
    classes: str = "ids"
    raw: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if self.input not in INPUTS:
            raise ValueError(f"input must be one of {INPUTS}, got {self.input!r}")
        if self.classes not in CLASSES:
            raise ValueError(f"classes must be one of {CLASSES}, got {self.classes!r}")
        if self.raw and self.classes != "ids":
            raise ValueError("raw maps are logits already: leave classes out")

    def with_scores(self) -> ExportOptions:
        """The same options, with log-probabilities instead of class ids."""
        return replace(self, classes="logits")


class ExportableModel(nn.Module):
    """Normalises, pads, predicts and crops like the model's ``predict``, without data samples.

    Args:
        model: The model, in evaluation mode.
        options: Input and output of the graph.

    Raises:
        ValueError: If the model tests with a sliding window, or a task is called ``image``.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: LifelongSegmentor, options: ExportOptions) -> None:
        super().__init__()
        if model.test_cfg.get("mode", "whole") != "whole":
            raise ValueError(
                f"model.test_cfg.mode is {model.test_cfg['mode']!r}; a graph sees the whole image "
                "at once: export with whole=True (--whole)"
            )
        if INPUT in model.heads:
            raise ValueError(f"a task is called {INPUT!r}, which is the name of the graph's input")
        self.model, self.options = model, options
        preprocessor = cast(nn.Module, model.data_preprocessor)
        mean, std, swaps = input_normalisation(preprocessor)
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("std", torch.as_tensor(std, dtype=torch.float32).view(-1, 1, 1))
        self.takes_rgb = swaps  # pipelines read BGR
        padding = getattr(preprocessor, "test_cfg", None) or {}
        self.size, self.divisor = padding.get("size"), padding.get("size_divisor")
        self.pad_value = float(getattr(preprocessor, "pad_val", 0))

    @property
    def tasks(self) -> list[str]:
        """Names of the outputs, in order."""
        return list(self.model.heads.keys())

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """One map per task.

        Args:
            image: ``(N, 3, H, W)``, see :class:`ExportOptions`.

        Returns:
            ``(N, K, H, W)`` by task in real units; ``(N, K, h, w)`` if raw.
        """
        height, width = image.shape[2], image.shape[3]
        inputs = self._pad(self._normalise(image), height, width)
        feats = self.model.extract_feat(inputs)
        maps = {}
        for task, head in self.model.heads.items():
            raw = head(feats)
            if not self.options.raw:
                if self._pads:
                    raw = head.resize(raw, inputs.shape[2:])[:, :, :height, :width]
                pred = head.activate(raw, (height, width))
                raw = pred if self.options.classes == "logits" else head.readout(pred)
            maps[task] = raw
        return maps

    def _normalise(self, image: Tensor) -> Tensor:
        if self.options.input == "normalised":
            return image
        inputs = image.to(torch.float32)
        if not self.takes_rgb:
            inputs = inputs.flip(1)
        return (inputs - self.mean) / self.std

    @property
    def _pads(self) -> bool:
        return bool(self.size or self.divisor)

    def _pad(self, inputs: Tensor, height: Any, width: Any) -> Tensor:
        if not self._pads:
            return inputs
        if self.size:
            more = (self.size[0] - height, self.size[1] - width)
        else:
            more = ((-height) % self.divisor, (-width) % self.divisor)
        return F.pad(inputs, (0, more[1], 0, more[0]), value=self.pad_value)

    def metadata(self, infos: Mapping[str, TaskInfo]) -> dict[str, Any]:
        """Description of the graph's input and tasks, as plain data.

        Returns:
            ``input`` and ``tasks``.
        """
        flat = {key: getattr(self, key).flatten().tolist() for key in ("mean", "std")}
        order = "RGB" if self.takes_rgb or self.options.input != "normalised" else "BGR"
        image = dict(
            name=INPUT,
            layout="NCHW",
            dtype="uint8" if self.options.input == "rgb8" else "float32",
            channels=order,
            range="(x - mean) / std" if self.options.input == "normalised" else "0..255",
            normalised_in_graph=self.options.input != "normalised",
            model_channels="RGB" if self.takes_rgb else "BGR",
            **flat,
        )
        tasks = {}
        for task in self.tasks:
            facts = infos[task].as_dict()
            if self.options.raw:
                facts["unit"] = "raw"
            elif infos[task].kind == "classes" and self.options.classes == "logits":
                facts["unit"] = "log-probability"
            tasks[task] = facts
        return dict(input=image, options=asdict(self.options), tasks=tasks)
