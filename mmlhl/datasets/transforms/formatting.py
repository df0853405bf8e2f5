"""Packing pipeline results into the inputs of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform, to_tensor
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from ... import config_values
from .maps import VALID, label_kinds
from .trace import GEOMETRY, RESTING, movers

META_KEYS = (
    "img_path",
    "img_id",
    "sample_idx",
    "seg_map_path",
    "ori_shape",
    "img_shape",
    "pad_shape",
    "scale_factor",
    "flip",
    "flip_direction",
    "reduce_zero_label",
    "padding_size",
)


@TRANSFORMS.register_module()
class PackMultiTaskInputs(BaseTransform):
    """Pack the image and all annotation maps.

    Class and binary maps become int64 (1, H, W), depth and channels float32 (1, H, W) or
    (K, H, W), normals float32 (3, H, W), each in the sample's field ``gt_<field>``;
    ``gt_seg_map`` becomes ``gt_sem_seg`` as in mmseg. ``valid_map`` becomes bool (1, H, W).

    Labels must match the image: those that moved with it must have its size, those that were read
    after it was moved must have the size of the image file. The geometric steps are stored in the
    meta information as ``geometry``, labels that moved with the image as ``moved_labels`` (field ->
    kind), others as ``resting_labels``. All three are absent if the image was not moved.

    Args:
        meta_keys: Keys of results that are stored as the sample's meta information, if present.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = config_values.names(meta_keys, "meta_keys of PackMultiTaskInputs")

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Returns:
            ``inputs``, the (C, H, W) image, and ``data_samples``, a ``SegDataSample``.

        Raises:
            ValueError: If a label does not match the image.
        """
        kinds = label_kinds(results)
        if "img" in results:
            _check_alignment(results, kinds)
        packed = {}
        if "img" in results:
            img = results["img"]
            packed["inputs"] = _to_chw(img if img.ndim == 3 else img[..., None])
        sample = SegDataSample()
        for key, kind in kinds.items():
            dtype = np.int64 if kind in ("classes", "binary") else np.float32
            data = results[key].astype(dtype, copy=False)
            chw = _to_chw(data if data.ndim == 3 else data[..., None])
            sample.set_data({_field(key): PixelData(data=chw)})
        if results.get(VALID) is not None:
            valid = torch.from_numpy(results[VALID].astype(bool))[None]
            sample.set_data({VALID: PixelData(data=valid)})
            kinds[VALID] = VALID
        meta = {k: results[k] for k in self.meta_keys if k in results}
        if results.get(GEOMETRY):
            resting = results.get(RESTING, ())
            moved = {_field(k): kind for k, kind in kinds.items() if k not in resting}
            meta.update({GEOMETRY: results[GEOMETRY], "moved_labels": moved})
        if results.get(RESTING):
            meta[RESTING] = tuple(_field(key) for key in results[RESTING])
        sample.set_metainfo(meta)
        packed["data_samples"] = sample
        return packed

    def __repr__(self) -> str:
        return f"{type(self).__name__}(meta_keys={self.meta_keys})"


@TRANSFORMS.register_module(name="PackSegInputs", force=True)
class StockPackSegInputs(PackSegInputs):
    """mmseg's ``PackSegInputs``, which also stores the geometric steps.

    So padding and any number of flips are undone on predictions for mmseg's datasets as well.
    """

    def transform(self, results: dict) -> dict:
        """Pack the results."""
        packed = super().transform(results)
        if results.get(GEOMETRY):
            packed["data_samples"].set_metainfo({GEOMETRY: results[GEOMETRY]})
        return packed


def _field(key: str) -> str:
    return "gt_sem_seg" if key == "gt_seg_map" else key


def _check_alignment(results: dict, kinds: dict[str, str]) -> None:
    """Refuse labels that were not moved with the image, as far as sizes and flips reveal it."""
    size = tuple(results["img"].shape[:2])
    path = results.get("img_path", "a sample")
    resting = results.get(RESTING, ())
    moving = [key for key in [*kinds, VALID] if results.get(key) is not None and key not in resting]
    for key in moving:
        if tuple(results[key].shape[:2]) != size:
            raise ValueError(
                f"{path}: {key} is {_size(results[key].shape)} (height x width), but its image "
                f"{_size(size)}. The image was moved by {_culprits(results)}, the label was not; "
                "mmlhl's transforms and the stock ones by name move both"
            )
    flips = [step for step in results.get(GEOMETRY, ()) if step["kind"] == "flip"]
    left = [key for key in moving if key not in results.get("seg_fields", ())]
    if results.get("flip") and not flips and left:
        raise ValueError(
            f"{path}: the image was flipped ({results.get('flip_direction')}) by a RandomFlip that "
            f"does not flip {', '.join(left)}; give it by name, dict(type='RandomFlip', ...), or "
            "use MultiTaskRandomFlip"
        )
    original = tuple(results.get("ori_shape", size)[:2])
    for key in resting:
        if results.get(key) is not None and tuple(results[key].shape[:2]) != original:
            raise ValueError(
                f"{path}: {key} is {_size(results[key].shape)} (height x width), but the image "
                f"had {_size(original)} before {movers(results)}; read annotations before them"
            )


def _size(shape: Sequence[int]) -> str:
    return f"{shape[0]}x{shape[1]}"


def _culprits(results: dict) -> str:
    """Names of stock transforms that moved the image without noting a step, for messages."""
    known = {step["by"] for step in results.get(GEOMETRY, ())}
    traces = dict(Pad="pad_size_divisor", Resize="scale_factor")
    names = [n for n, key in traces.items() if key in results and not any(n in k for k in known)]
    return " or ".join(names) or "a transform such as RandomCrop, RandomRotate or CenterCrop"


def _to_chw(array: np.ndarray) -> torch.Tensor:
    return to_tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))
