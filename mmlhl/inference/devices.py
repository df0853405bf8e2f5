"""Choosing the device on which a model runs."""

from __future__ import annotations

import torch


def check_device(device: str | torch.device | None) -> torch.device:
    """Check that a device exists.

    Args:
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'`` ...; None for the GPU if there is one.

    Raises:
        ValueError: If there is no such device on this machine.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        return torch.device("cuda" if count else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError:
        raise ValueError(
            f"device={device!r} is not a device; use 'cpu', 'cuda' or 'cuda:0'"
        ) from None
    if place.type == "meta":
        raise ValueError("device='meta' computes nothing; use 'cpu' or 'cuda'")
    if place.type == "cuda" and (place.index or 0) >= count:
        there = f"only {count} GPU(s)" if count else "no GPU that torch can use"
        raise ValueError(f"device={str(device)!r}, but this machine has {there}; use 'cpu'")
    try:
        torch.empty(0, device=place)
    except (RuntimeError, NotImplementedError, AssertionError, ImportError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]  # the rest lists all backends
        raise ValueError(
            f"device={str(device)!r} cannot be used here ({reason}); use 'cpu' or 'cuda'"
        ) from None
    return place
