"""Weights that are NaN or infinite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def not_finite(value: Any) -> int:
    """Number of values of a tensor that are NaN or infinite; 0 if it is not a float tensor."""
    if not isinstance(value, Tensor) or not (value.is_floating_point() or value.is_complex()):
        return 0
    if value.is_meta or value.is_quantized or value.is_nested:
        return 0
    if value.layout is not torch.strided:
        # not to_dense(), which trusts indices that may be wrong
        value = value._values() if value.layout is torch.sparse_coo else value.values()
    if value.element_size() == 1:  # torch has no isfinite for 8-bit floats
        value = value.float()
    return int((~torch.isfinite(value)).sum())


def spoilt(name: str, value: Any) -> int:
    """Number of values of a weight that are NaN or infinite.

    Args:
        name: Its name in the model. A mask, such as ``encoder.attn_mask``, contains negative
            infinity on purpose; a task or layer of that name does not.
        value: Its value.
    """
    count = not_finite(value)
    if count and "mask" in name.rpartition(".")[2]:
        count -= int(value.isneginf().sum())
    return count


def poisoned(state: Mapping[str, Any]) -> dict[str, int]:
    """Weights with values that are NaN or infinite."""
    counts = {key: spoilt(str(key), value) for key, value in state.items()}
    return {key: count for key, count in counts.items() if count}


def negative_variances(state: Mapping[str, Any]) -> list[str]:
    """Names of running variances below 0, which cause NaN in evaluation mode."""
    return [
        str(key)
        for key, value in state.items()
        if str(key).endswith("running_var") and isinstance(value, Tensor) and _below_zero(value)
    ]


def _below_zero(value: Tensor) -> bool:
    return not value.is_meta and value.is_floating_point() and bool((value < 0).any())
