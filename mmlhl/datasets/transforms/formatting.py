"""From pipeline results to what a model takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform, to_tensor
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

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

    Args:
        meta_keys: Results that are kept as the sample's meta information where present.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Args:
            results: Pipeline results.

        Returns:
            ``inputs``, the (C, H, W) image, and ``data_samples``, a ``SegDataSample``.
        """
        packed = {}
        if "img" in results:
            img = results["img"]
            packed["inputs"] = _to_chw(img if img.ndim == 3 else img[..., None])
        sample = SegDataSample()
        kinds = results.get("dense_fields", {})
        keys = list(kinds) + [k for k in results.get("seg_fields", []) if k not in kinds]
        for key in keys:
            if results.get(key) is None:
                continue
            dtype = np.int64 if kinds.get(key, "classes") in ("classes", "binary") else np.float32
            data = results[key].astype(dtype, copy=False)
            field = "gt_sem_seg" if key == "gt_seg_map" else key
            chw = _to_chw(data if data.ndim == 3 else data[..., None])
            sample.set_data({field: PixelData(data=chw)})
        if results.get("valid_map") is not None:
            valid = torch.from_numpy(results["valid_map"].astype(bool))[None]
            sample.set_data({"valid_map": PixelData(data=valid)})
        sample.set_metainfo({k: results[k] for k in self.meta_keys if k in results})
        packed["data_samples"] = sample
        return packed

    def __repr__(self) -> str:
        return f"{type(self).__name__}(meta_keys={self.meta_keys})"


def _to_chw(array: np.ndarray) -> torch.Tensor:
    return to_tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))
