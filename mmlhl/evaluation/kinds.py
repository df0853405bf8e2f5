"""Which kinds of output a metric measures, and which field it reads."""

from __future__ import annotations

from collections.abc import Mapping

from mmseg.evaluation import CityscapesMetric, DepthMetric, IoUMetric

#: Fields that mmseg's own metrics, and classes derived from them, read.
STOCK_FIELDS: dict[type, str] = {
    IoUMetric: "sem_seg",
    CityscapesMetric: "sem_seg",
    DepthMetric: "depth_map",
}
STOCK_KINDS: dict[type, tuple[str, ...]] = {
    IoUMetric: ("classes",),
    CityscapesMetric: ("classes",),
    DepthMetric: ("depth",),
}


def measured_kinds(metric: type) -> tuple[str, ...]:
    """Kinds of output, of ``mmlhl.datasets.annotation.KINDS``, that a metric class measures.

    Args:
        metric: The class; a user's own class may have an attribute ``kinds``.

    Returns:
        The kinds; empty if they are unknown.
    """
    stock = next((kinds for base, kinds in STOCK_KINDS.items() if issubclass(metric, base)), ())
    return tuple(getattr(metric, "kinds", None) or stock)


def stock_field(metric: type) -> str | None:
    """The field that a metric of mmseg's, or one derived from it, reads; None for others."""
    return next((field for base, field in STOCK_FIELDS.items() if issubclass(metric, base)), None)


def measured_field(config: Mapping, default: object, metric: type) -> str | None:
    """The field that a metric with a config reads, None if it is unknown.

    Args:
        config: The metric's config.
        default: Default of the class's ``field``.
        metric: The class.
    """
    field = config.get("field", default)
    return field if isinstance(field, str) else stock_field(metric)
