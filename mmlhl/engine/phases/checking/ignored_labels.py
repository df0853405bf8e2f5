"""Checks that labels, padding, heads, losses and metrics agree on the value of ignored pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.registry import Registry
from mmseg.registry import METRICS, MODELS

from ....config_values import as_list, entries
from ....datasets.annotation import IGNORE
from ....registered import registered_class
from ..datasets import multi_task_datasets
from .normalisation import preprocessor_of
from .signatures import default_of, options_of

#: options with the ignored label, or the padding value of labels
MARKS = ("ignore_index", "ignore_label", "seg_pad_val")
#: options of mmseg and albumentations with the value of labels where an image is erased
FILLS = ("seg_fill_in", "fill_mask", "mask_value", "mask_fill_value", "cval_mask")
INTEGER_KINDS = ("classes", "binary")


def check_ignored(cfg: Mapping, tasks: Sequence[str], where: str = "") -> None:
    """Refuse different values for ignored pixels, one of which would be learned as a class.

    Labels of a multi-task dataset have 255 for any content of the files. For other datasets the
    ``ignore_index`` of the heads is expected.

    Raises:
        ValueError: Naming the option and its value.
    """
    heads = {task: cfg["model"]["heads"][task] for task in tasks}
    marks = {task: mark for task, head in heads.items() if (mark := mark_of(head)) is not None}
    if not marks:
        return
    ours = any(True for _ in multi_task_datasets(cfg.get("train_dataloader")))
    task, mark = next(iter(marks.items()))
    reason = f"model.heads.{task} leaves out {mark}"
    if ours:
        mark, reason = IGNORE, "MultiTaskDataset marks unknown pixels with 255"
    classes = min(
        [head.get("num_classes", 2) for task, head in heads.items() if task in marks], default=2
    )
    for task, found in marks.items():
        if found != mark:
            advice = f"; to ignore a class, write annotations.{task}.ignore=[...]" if ours else ""
            raise ValueError(
                f"{where}model.heads.{task}.ignore_index is {found}, but {reason}{advice}"
            )
    for place, value, is_fill in _options(cfg, heads):
        if value == mark or (is_fill and isinstance(value, int) and 0 <= value < classes):
            continue
        also = " or a class that all heads have" if is_fill else ""
        if not ours and not is_fill:
            also = f", or leave {value} out in the head and everywhere else"
        raise ValueError(f"{where}{place} is {value!r}, but {reason}: write {mark}{also}")


def mark_of(head: Any) -> int | None:
    """The ignored label of a head; None if its labels are not integers."""
    cls = registered_class(MODELS, head)
    if cls is None or getattr(cls, "kind", None) not in INTEGER_KINDS:
        return None
    default = default_of(cls, "ignore_index")
    return head.get(
        "ignore_index", getattr(cls, "ignore_index", 255) if default is None else default
    )


def _options(cfg: Mapping, heads: Mapping) -> Iterator[tuple[str, Any, bool]]:
    """All such options in a config: dotted key, value, and whether it is one of ``FILLS``."""
    model = cfg["model"]
    yield from with_default(preprocessor_of(cfg), MODELS, "model.data_preprocessor")
    for task, head in heads.items():
        yield from _below(head.get("loss"), f"model.heads.{task}.loss")
    yield from _below(model.get("method"), "model.method")
    for kind in ("train", "val", "test"):
        loader = cfg.get(f"{kind}_dataloader") or {}
        yield from _below(loader.get("dataset"), f"{kind}_dataloader.dataset")
    for kind in ("val", "test"):
        evaluator = cfg.get(f"{kind}_evaluator") or {}
        metrics = evaluator.get("metrics") if isinstance(evaluator, Mapping) else None
        for task in heads if isinstance(metrics, Mapping) else ():
            given = (metrics or {}).get(task)
            for metric in as_list(given):
                yield from with_default(metric, METRICS, f"{kind}_evaluator.metrics.{task}")


def with_default(node: Any, registry: Registry, place: str) -> Iterator[tuple[str, Any, bool]]:
    """Such options of a config, or the defaults of its class."""
    cls = registered_class(registry, node)
    for key in MARKS if isinstance(node, Mapping) else ():
        if key in node or (cls is not None and key in options_of(cls)[0]):
            yield f"{place}.{key}", node.get(key, cls and default_of(cls, key)), False


def _below(node: Any, place: str) -> Iterator[tuple[str, Any, bool]]:
    """Such options that are set anywhere below a node."""
    for key in (*MARKS, *FILLS):
        for own, value in entries(node, key, place):
            if key in MARKS or value is not None:
                yield own, value, key in FILLS
    for own, value in entries(node, "pad_val", place):
        if isinstance(value, Mapping) and "seg" in value:
            yield f"{own}.seg", value["seg"], False
