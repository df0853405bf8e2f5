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
            data = value.data
            data = data if isinstance(data, np.ndarray) else _to_numpy(data)
            maps.setdefault(key.removeprefix(f"{side}_"), {})[side] = (
                data[None] if data.ndim == 2 else data
            )
    order = {field: i for i, field in enumerate(FIELD_KINDS)}
    return dict(sorted(maps.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _to_numpy(data: torch.Tensor) -> np.ndarray:
    # numpy has no bfloat16, and half precision is too coarse for percentiles.
    data = data.detach().cpu()
    return (data.float() if data.is_floating_point() else data).numpy()
