"""Checks of options of heads and of their losses."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from mmseg import models as mmseg_models
from mmseg.registry import MODELS
from torch import nn

from ...config_values import is_number
from ...explaining import explained_error
from ...faulty_option import option_named
from ...registered import type_name

#: mmseg's losses that compare class maps; by name, since the two stacks export different ones
OF_CLASSES = {
    "BoundaryLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "FocalLoss",
    "HuasdorffDisstanceLoss",
    "LovaszLoss",
    "OhemCrossEntropy",
    "TverskyLoss",
}


def build_losses(loss: dict | Sequence[dict], owner: str) -> list[Any]:
    """Build the losses of a head.

    Raises:
        ValueError: Naming the loss that refuses its options.
        FileNotFoundError: Likewise, if a file that it names is missing.
    """
    built = []
    for config in [loss] if isinstance(loss, dict) else loss:
        try:
            built.append(_built(config))
        except (AssertionError, KeyError, OSError, TypeError, ValueError) as error:
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
            name = type_name(config) if isinstance(config, dict) else config
            text = option_named(_built, config, error) if isinstance(config, dict) else ""
            raise kind(f"{owner}: loss {name}: {text or explained_error(error)}") from error
    return built


def _built(config: dict) -> Any:
    return MODELS.build(copy.deepcopy(dict(config)))


def check_losses(losses: Sequence[Any], kind: str | None, owner: str) -> None:
    """Refuse losses that would not train, and losses of classes for a task of numbers.

    mmengine adds up the losses whose names contain "loss" and only logs the others.

    Raises:
        ValueError: Naming the loss.
    """
    if not losses:
        raise ValueError(f"{owner}: loss is empty, so the task would learn nothing; give it one")
    for loss in losses:
        if not isinstance(loss, nn.Module):
            raise ValueError(
                f"{owner}: loss {type(loss).__name__} is no loss, which compares a prediction with "
                "ground truth; a method that keeps old tasks goes to model.method"
            )
        called = getattr(loss, "loss_name", "loss")
        if not isinstance(called, str) or "loss" not in called or "." in called:
            raise ValueError(
                f"{owner}: loss_name of {type(loss).__name__} is {called!r}; it must contain "
                "'loss', otherwise it is logged but not trained, and no dot"
            )
    if all(is_number(weight := getattr(loss, "loss_weight", 1)) and not weight for loss in losses):
        raise ValueError(
            f"{owner}: loss_weight of all losses is 0, so the task would learn nothing"
        )
    if kind in (None, "classes", "binary"):
        return
    for loss in losses:
        name = type(loss).__name__
        of_mmseg = type(loss).__module__.startswith(mmseg_models.__name__)
        if of_mmseg and name in OF_CLASSES:
            raise ValueError(
                f"{owner}: loss {name} compares classes, but {owner} learns {kind!r}; "
                "DenseL1Loss, DenseCosineLoss and the losses of torch compare numbers"
            )


def check_arguments(losses: Iterable[nn.Module], owner: str, *names: str) -> None:
    """Refuse losses that take no prediction and ground truth, such as distillation.

    Raises:
        ValueError: Naming the loss and what it takes.
    """
    for loss in losses:
        try:
            taken = inspect.signature(loss.forward)
            taken.bind("prediction", "ground truth", **dict.fromkeys(names))
        except TypeError:
            given = ", ".join(["prediction", "ground truth", *names])
            raise ValueError(
                f"{owner}: loss {type(loss).__name__} takes ({', '.join(taken.parameters)}), but "
                f"{owner} gives its losses ({given}); a loss of distillation goes to model.method"
            ) from None
        except ValueError:  # written in C
            continue
