"""The unit of each metric."""

from __future__ import annotations

from .metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
)

#: By the metric's name, for records that do not say it themselves.
UNITS: dict[str, str] = {
    **SegmentationMetric.units,
    **DepthErrorMetric.units,
    **NormalErrorMetric.units,
    **ChannelErrorMetric.units,
    **BinaryMetric.units,
}
SYMBOLS = {"deg": "°"}


def with_unit(name: str, unit: str) -> str:
    """A metric's name with its unit behind, as headings show it.

    Args:
        name: Name of the metric, such as ``abs_err``.
        unit: Its unit, such as ``m``, ``deg`` or ``%``; empty for a plain number.

    Returns:
        Such as ``abs_err [m]`` and ``mean_err [°]``; the name alone for a plain number.
    """
    return f"{name} [{SYMBOLS.get(unit, unit)}]" if unit else name
