"""Naming the part of a model in which a trial step failed, and the input of that part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from ....config_values import as_list
from ....explaining import explained_error
from ..phase_model import PhaseModel

_ENCODER = ("backbone", "neck")
#: heads of mmseg's segmentors
_STOCK = ("decode_head", "auxiliary_head")
_CALLED = ("loss", "forward")


@contextmanager
def naming_parts(model: PhaseModel) -> Iterator[None]:
    """Add the name of the part to errors raised in the encoder or in a head."""
    given: dict[str, str] = {}

    def naming(place: str, source: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                out = function(*args, **kwargs)
            except Exception as error:
                text = explained_error(error)
                if text.startswith(("model.heads", "model.backbone", "model.neck", *stock)):
                    raise  # already named, as a head's loss calls its forward
                advice = _advice(error, given.get(source, ""))
                raise ValueError(f"{place}: {text}{advice}") from error
            if place in ("model.backbone", "model.neck"):
                given[place] = f"{place} gives {_shown(out)}"
                given["encoder"] = given[place]
            return out

        return call

    stock = tuple(f"model.{name}" for name in _STOCK)
    parts: list[tuple[nn.Module, str, str, str]] = []
    for name, source in zip(_ENCODER, ("", "model.backbone"), strict=True):
        part = getattr(model, name, None)
        if isinstance(part, nn.Module):
            parts.append((part, "forward", f"model.{name}", source))
    for name in () if hasattr(model, "heads") else _STOCK:
        head = getattr(model, name, None)
        for each in head if isinstance(head, nn.ModuleList) else [head] if head else []:
            parts += [(each, function, f"model.{name}", "encoder") for function in _CALLED]
    for task, head in getattr(model, "heads", {}).items():
        parts += [(head, each, f"model.heads.{task}", "encoder") for each in _CALLED]
        losses = getattr(head, "losses", ())
        for index, loss in enumerate(losses):
            where = f"model.heads.{task}.loss" + (f"[{index}]" if len(losses) > 1 else "")
            parts.append((loss, "forward", f"{where} ({type(loss).__name__})", ""))
    for part, function, place, source in parts:
        vars(part)[function] = naming(place, source, getattr(part, function))
    try:
        yield
    finally:
        for part, function, _, _ in parts:
            del vars(part)[function]


def _advice(error: Exception, given: str) -> str:
    """Advice for errors of torch that do not mention the config."""
    of_shape = isinstance(error, (AssertionError, IndexError, RuntimeError))
    if str(error).startswith("Target ") and "out of bounds" in str(error):  # of cross entropy
        return "; a label has that id, which is no class: should it be ignore_index?"
    advice = f"; {given}" if given and of_shape else ""
    if isinstance(error, IndexError) and given:
        return f"{advice}; does its in_index name a level that the encoder gives?"
    if "more than 1 value per channel" in str(error):
        return (
            "; batch normalisation of a single pixel needs several images: raise "
            "train_dataloader.batch_size, or set drop_last=True if only the last batch has one"
        )
    return advice


def _shown(features: Any) -> str:
    """Feature maps in words, such as ``4 levels of 4, 8, 16, 32 channels``."""
    levels = as_list(features)
    channels = [str(each.shape[1]) for each in levels if isinstance(each, Tensor) and each.ndim > 1]
    return f"{len(levels)} level(s), of {', '.join(channels)} channels"
