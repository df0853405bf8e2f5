"""A limit to what a checkpoint's config may build: not far more than the checkpoint's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as torch_module

from ..checkpoints.walking import placed_values

#: layers and values that a model may have in any case, and times as many as stored weights
_LAYERS, _PER_WEIGHT = 2000, 20
_VALUES, _PER_VALUE = 2**26, 4
#: no option of a network is as large, and one that counts something would be counted to
_GREATEST = 2**24


def huge_number(config: Any) -> str | None:
    """The first whole number in a model's config that would take minutes to count to.

    Returns:
        Its place and value; None if there is none.
    """
    for place, value in placed_values(config):
        if isinstance(value, int) and abs(value) > _GREATEST:
            shown = value if abs(value) < 10**20 else "a number of many digits"
            return f"{place} is {shown}, and no option of a network is above {_GREATEST}"
    return None


@contextmanager
def no_larger_than(state: Mapping[str, Any]) -> Iterator[None]:
    """Stop the building of a model that would never fit the weights of a checkpoint.

    Raises:
        ValueError: When the block has made far more layers or values than there are weights.
    """
    stored = sum(value.numel() for value in state.values() if isinstance(value, torch.Tensor))
    most_layers = _LAYERS + _PER_WEIGHT * len(state)
    most_values = _VALUES + _PER_VALUE * stored
    layers = values = 0

    def count(_module: torch.nn.Module, _name: str, part: Any) -> None:
        nonlocal layers, values
        layers += 1
        values += part.numel() if isinstance(part, torch.Tensor) else 0
        if layers > most_layers:
            raise ValueError(f"its model has far more layers than the checkpoint's {len(state)}")
        if values > most_values:
            raise ValueError(f"its model has far more values than the checkpoint's {stored}")

    handles = [
        torch_module.register_module_module_registration_hook(count),
        torch_module.register_module_parameter_registration_hook(count),
        torch_module.register_module_buffer_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
