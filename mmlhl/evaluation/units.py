"""The unit of each metric."""

from __future__ import annotations

from .metrics import (
    BinaryMetric,
    ChannelErrorMetric,
    DepthErrorMetric,
    NormalErrorMetric,
    SegmentationMetric,
)

#: Units by the metric's name, for records without units; those of maps are in ``map_colours``.
UNITS: dict[str, str] = {
    **SegmentationMetric.units,
    **DepthErrorMetric.units,
    **NormalErrorMetric.units,
    **ChannelErrorMetric.units,
    **BinaryMetric.units,
}
SYMBOLS = {"deg": "°"}


def with_unit(name: str, unit: str) -> str:
    """A metric's name followed by its unit, for headings.

    Returns:
        A text such as ``abs_err [m]`` or ``mean_err [°]``; the name alone for a plain number.
    """
    return f"{name} [{SYMBOLS.get(unit, unit)}]" if unit else name
