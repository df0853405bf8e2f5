"""Parts of an mmseg segmentor that a lifelong segmentor has elsewhere, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmseg.registry import MODELS

from ....registered import registered_class, type_name
from .signatures import options_of

_ELSEWHERE = dict(
    decode_head="it becomes the decoder of a task, model.heads.<task>.decoder",
    auxiliary_head="auxiliary heads are not trained",
)


def check_stock_parts(model: Mapping, where: str) -> None:
    """Refuse the heads of an mmseg model that a config has inherited.

    Raises:
        ValueError: Naming the part and what becomes of it.
    """
    cls = registered_class(MODELS, model)
    known = options_of(cls)[0] if cls is not None else set()
    if "heads" not in known:
        return
    for key, sentence in _ELSEWHERE.items():
        if key in model and key not in known:
            raise ValueError(
                f"{where}model.{key}: {cls.__name__} has none, {sentence}; model=dict("
                "_delete_=True, ...) drops mmseg's model, and _base_.model.backbone brings its "
                "backbone back"
            )
    heads = model.get("heads")
    for task, head in heads.items() if isinstance(heads, Mapping) else ():
        _check_decoder(head, f"{where}model.heads.{task}.decoder")


def _check_decoder(head: Any, place: str) -> None:
    decoder = head.get("decoder") if isinstance(head, Mapping) else None
    if isinstance(decoder, (list, tuple)):
        names = [type_name(each) if isinstance(each, Mapping) else repr(each) for each in decoder]
        raise ValueError(
            f"{place} is a list, {', '.join(names)}: a task has one decoder, and a decode head "
            "that refines the map of another cannot be one; write one dict(type=...)"
        )
