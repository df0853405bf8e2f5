"""The maps of a data sample, by field."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from .map_colours import FIELD_KINDS


def read_maps(
    data_sample: SegDataSample | None, draw_gt: bool = True, draw_pred: bool = True
) -> dict[str, dict[str, np.ndarray]]:
    """Collect the maps of a sample.

    Args:
        data_sample: The sample.
        draw_gt: Whether to include ground truth.
        draw_pred: Whether to include predictions.

    Returns:
        Maps of shape (C, H, W), by field and then by 'gt' and 'pred'; the usual fields first.
    """
    if data_sample is None:
        return {}
    maps: dict[str, dict[str, np.ndarray]] = {}
    for side, drawn in (("gt", draw_gt), ("pred", draw_pred)):
        for key, value in data_sample.items():
            if not drawn or not key.startswith(f"{side}_") or not isinstance(value, PixelData):
                continue
            maps.setdefault(key.removeprefix(f"{side}_"), {})[side] = as_array(value.data)
    order = {field: i for i, field in enumerate(FIELD_KINDS)}
    return dict(sorted(maps.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def as_array(data: np.ndarray | torch.Tensor) -> np.ndarray:
    """A map of a data sample as an array.

    Args:
        data: ``(C, H, W)`` or ``(H, W)``.

    Returns:
        ``(C, H, W)``; of a tensor of floats float32, since numpy has no bfloat16, and half
        precision is too coarse for percentiles.
    """
    if isinstance(data, torch.Tensor):
        data = data.detach().cpu()
        data = (data.float() if data.is_floating_point() else data).numpy()
    return data[None] if data.ndim == 2 else data
