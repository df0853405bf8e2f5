"""Trials of what runs on packed samples: transforms behind the packing, and those of batches."""

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
_LABELS = dict(
    gt_seg_map="classes", gt_depth_map="depth", gt_normal_map="normal", gt_edge_map="channels"
)
"""Labels of a trial, since those of the dataset are not known."""


def try_packed(step: Callable, name: str, advice: str) -> None:
    """Try a transform of packed samples on small ones.

    Args:
        step: The transform; copies of it are used, and random states are restored.
        name: Its name.
        advice: What to do if it moves an image or a label alone.

    Raises:
        ValueError: If it moves an image or a label alone.
    """
    packed = _Packed(step)
    try:
        try_on_images(packed, name)
        try_on_labels(packed, name, _LABELS)
    except (MovedAlone, ValueError) as error:
        raise MovedAlone(
            f"{name} moves pixels of packed images or labels, but not all of them alike: {advice}. "
            "If nothing is moved, say so in its class: moves_pixels = False"
        ) from error


def try_batches(augment: Any, name: str) -> None:
    """Try an augmentation of batches on batches of one small sample.

    Args:
        augment: Takes ``(N, C, H, W)`` and data samples, and returns both; nothing else is tried.
        name: Its key in a config.

    Raises:
        ValueError: If it moves an image or a label alone.
    """
    if callable(augment) and getattr(augment, "moves_pixels", None) is not False:
        advice = "let it move every gt_ field of the samples like the images"
        try_packed(_OneBatch(augment), name, advice)


class PackedChecks:
    """Checks of every packed sample behind one transform, as :class:`~.sample_checks.SampleChecks`.

    Args:
        step: The transform.
        name: Its name.
    """

    def __init__(self, step: Callable, name: str) -> None:
        self._step = step
        self._checks = SampleChecks(name)

    def __call__(self, packed: dict) -> Any:
        """Apply the transform.

        Args:
            packed: A packed sample.

        Raises:
            ValueError: If it moved the image or a label alone.
        """
        before = _unpacked(packed)
        if before is None:
            return self._step(packed)
        labels = {key: before[key] for key in before["dense_fields"]}
        call = Call(self._step, before, labels)
        call.replay = None if call.replay is None else _Packed(call.replay)
        moved = self._step(packed)
        after = _unpacked(moved)
        if after is not None and after["img"].shape[:2] == before["img"].shape[:2]:
            self._checks.look(call, after, None)
        return moved


class _OneBatch:
    def __init__(self, augment: Callable) -> None:
        self.augment = augment

    def __call__(self, packed: dict) -> dict:
        inputs, samples = self.augment(packed["inputs"][None].float(), [packed["data_samples"]])
        return dict(inputs=inputs[0], data_samples=samples[0])


class _Packed:
    """Applies a transform of packed samples to those that are not packed yet."""

    def __init__(self, step: Callable) -> None:
        self.step = step

    def __call__(self, results: dict) -> dict:
        kinds = {key: kind for key, kind in label_kinds(results).items() if key != KEY}
        plain = {**results, "seg_fields": list(kinds), "dense_fields": kinds}
        witness = plain.pop(KEY)
        packed = PackMultiTaskInputs()(plain)
        places = PixelData(data=torch.from_numpy(witness.copy())[None])
        packed["data_samples"].set_data({_WITNESS: places})
        moved = self.step(packed)
        sample = moved["data_samples"]
        made = {**results, "img": _array(moved["inputs"]), KEY: _array(sample.get(_WITNESS).data)}
        for key in kinds:
            field = "gt_sem_seg" if key == "gt_seg_map" else key
            made[key] = _array(sample.get(field).data).astype(results[key].dtype)
        return made


def _unpacked(packed: Any) -> dict | None:
    """Copies of a packed sample's maps as pipeline results; None if it has no image and labels."""
    sample = packed.get("data_samples") if isinstance(packed, dict) else None
    if sample is None or not isinstance(packed.get("inputs"), torch.Tensor):
        return None
    results: dict[str, Any] = {"img": _array(packed["inputs"]).copy(), **sample.metainfo}
    kinds = {}
    for field in sample.keys():
        data = getattr(sample.get(field), "data", None)
        if not field.startswith("gt_") or not isinstance(data, torch.Tensor) or data.ndim != 3:
            continue
        key = "gt_seg_map" if field == "gt_sem_seg" else field
        results[key] = _array(data).copy()
        channels = "normal" if len(data) == 3 else "channels" if len(data) > 1 else "depth"
        kinds[key] = channels if data.is_floating_point() else "classes"
    return {**results, "dense_fields": kinds, "seg_fields": []} if kinds else None


def _array(data: Any) -> np.ndarray:
    """(H, W, C) of (C, H, W), or (H, W) of one channel."""
    array: np.ndarray = data.detach().cpu().numpy().transpose(1, 2, 0)
    return np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array)
