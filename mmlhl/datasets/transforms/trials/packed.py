"""Trials and checks of transforms of packed samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData

from ..formatting import PackMultiTaskInputs
from ..maps import label_kinds
from ..witness import KEY
from .label_spots import try_on_labels
from .rounds import MovedAlone
from .sample_checks import Call, SampleChecks
from .spots import try_on_images

_WITNESS = "gt_witness_map"
LABELS = dict(
    gt_seg_map="classes", gt_depth_map="depth", gt_normal_map="normal", gt_edge_map="channels"
)
"""Labels of a trial, since those of the dataset are not known."""


def try_packed(step: Callable, name: str, advice: str) -> None:
    """Try a transform of packed samples on small ones.

    Raises:
        ValueError: If it moves an image or a label alone.
    """
    packed = Packed(step)
    try:
        try_on_images(packed, name)
        try_on_labels(packed, name, LABELS)
    except (MovedAlone, ValueError) as error:
        raise MovedAlone(
            f"{name} moves pixels of packed images or labels, but not all of them alike: {advice}. "
            "If nothing is moved, say so in its class: moves_pixels = False"
        ) from error


class PackedChecks:
    """Checks of every packed sample, as :class:`~.sample_checks.SampleChecks`."""

    def __init__(self, step: Callable, name: str) -> None:
        self._step = step
        self._checks = SampleChecks(name)

    def __call__(self, packed: dict) -> Any:
        """Apply the transform.

        Raises:
            ValueError: If it moved the image or a label alone.
        """
        before = unpacked(packed)
        if before is None:
            return self._step(packed)
        labels = {key: before[key] for key in before["dense_fields"]}
        call = Call(self._step, before, labels)
        call.replay = None if call.replay is None else Packed(call.replay)
        moved = self._step(packed)
        after = unpacked(moved)
        if after is not None and after["img"].shape[:2] == before["img"].shape[:2]:
            self._checks.look(call, after, None)
        return moved


class Packed:
    """Applies a transform of packed samples to those that are not packed yet."""

    def __init__(self, step: Callable) -> None:
        self.step = step

    def __call__(self, results: dict) -> dict:
        """Pack a sample, with its witness as one more label, and apply the transform.

        Returns:
            Image, labels and witness after the transform.
        """
        kinds = {key: kind for key, kind in label_kinds(results).items() if key != KEY}
        plain = {**results, "seg_fields": list(kinds), "dense_fields": kinds}
        witness = plain.pop(KEY)
        packed = PackMultiTaskInputs()(plain)
        places = PixelData(data=torch.from_numpy(witness.copy())[None])
        packed["data_samples"].set_data({_WITNESS: places})
        moved = self.step(packed)
        sample = moved["data_samples"]
        made = {
            **results,
            "img": as_array(moved["inputs"]),
            KEY: as_array(sample.get(_WITNESS).data),
        }
        for key in kinds:
            field = "gt_sem_seg" if key == "gt_seg_map" else key
            made[key] = as_array(sample.get(field).data).astype(results[key].dtype)
        return made


def unpacked(packed: Any, copies: bool = True) -> dict | None:
    """A packed sample's maps as pipeline results.

    Args:
        packed: The sample, with ``inputs`` (C, H, W).
        copies: Whether to copy them; views cost much less.

    Returns:
        The results; None if it has no image and labels.
    """
    sample = packed.get("data_samples") if isinstance(packed, dict) else None
    if sample is None or not isinstance(packed.get("inputs"), torch.Tensor):
        return None
    made = (lambda data: as_view(data).copy()) if copies else as_view
    results: dict[str, Any] = {"img": made(packed["inputs"]), **sample.metainfo}
    kinds = {}
    for field, data in label_data(sample).items():
        key = "gt_seg_map" if field == "gt_sem_seg" else field
        results[key] = made(data)
        channels = "normal" if len(data) == 3 else "channels" if len(data) > 1 else "depth"
        kinds[key] = channels if data.is_floating_point() else "classes"
    return {**results, "dense_fields": kinds, "seg_fields": []} if kinds else None


def label_data(sample: Any) -> dict[str, torch.Tensor]:
    """Field -> ``(C, H, W)`` of the labels of a data sample."""
    found = {}
    for field in sample.keys():
        data = getattr(sample.get(field), "data", None)
        if field.startswith("gt_") and isinstance(data, torch.Tensor) and data.ndim == 3:
            found[field] = data
    return found


def as_array(data: torch.Tensor) -> np.ndarray:
    """(H, W, C) of (C, H, W), or (H, W) of one channel."""
    return np.ascontiguousarray(as_view(data))


def as_view(data: torch.Tensor) -> np.ndarray:
    """As :func:`as_array`, but on the tensor's own values if they are on the CPU."""
    array: np.ndarray = data.detach().cpu().numpy().transpose(1, 2, 0)
    return array[..., 0] if array.shape[2] == 1 else array
