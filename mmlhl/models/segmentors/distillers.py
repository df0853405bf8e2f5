"""Building and calling the losses between two segmentors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from ...explaining import explained_error
from ...registered import type_name


def check_distillers(distillers: Any, ignore_index: int) -> None:
    """Refuse distillers that are not a list of configs, or ignore other labels than the student.

    Args:
        distillers: As in the config.
        ignore_index: The student's label of pixels that do not count.

    Raises:
        ValueError: Naming the distiller.
    """
    if not isinstance(distillers, (list, tuple)):
        raise ValueError(f"model.distillers must be a list of dict(type=...), got {distillers!r}")
    for index, config in enumerate(distillers):
        if not isinstance(config, Mapping) or "type" not in config:
            raise ValueError(f"model.distillers[{index}] must be dict(type=...), got {config!r}")
        ignored = config.get("ignore_index", ignore_index)
        if ignored != ignore_index:
            raise ValueError(
                f"model.distillers[{index}] ({type_name(config)}) has ignore_index={ignored!r}, "
                f"but the student's decode head has {ignore_index}: leave it out"
            )


def build_distiller(config: dict, index: int) -> nn.Module:
    """Build a loss between student and teacher.

    Raises:
        ValueError: If it cannot be built, or called with two maps and a label.
    """
    where = f"model.distillers[{index}] ({type_name(config)})"
    try:
        built = MODELS.build(config)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {explained_error(error)}") from error
    taken = inspect.signature(getattr(built, "forward", built)).parameters
    needed = [each for each in taken.values() if each.default is each.empty]
    plain = [each for each in needed if each.kind is each.POSITIONAL_OR_KEYWORD]
    package = type(built).__module__.split(".")[0]
    other = package == "mmlhl" and [*taken][:2] != ["student", "teacher"]
    if other or package == "mmseg" or len(plain) > 3:
        raise ValueError(
            f"{where} takes ({', '.join(taken)}), but a distiller gets the student's map, the "
            "teacher's map and the label, and gives a dict of losses, as KDLoss, CWDLoss and "
            "HeteroAKDLoss do"
        )
    return built


def compared(
    distiller: nn.Module, index: int, student: Tensor, teacher: Tensor, label: Tensor
) -> dict[str, Tensor]:
    """The losses of a distiller.

    Args:
        distiller: The loss.
        index: Its place in the list, for messages.
        student: The student's map ``(N, C, h, w)``.
        teacher: The teacher's map ``(N, C', h', w')``.
        label: ``(N, H, W)``.

    Raises:
        ValueError: If the maps do not fit, naming their shapes, or it gives no dict.
    """
    where = f"model.distillers[{index}] ({type(distiller).__name__})"
    maps = f"the student's map is {tuple(student.shape)}, the teacher's {tuple(teacher.shape)}"
    try:
        found = distiller(student, teacher, label)
    except (IndexError, RuntimeError, TypeError) as error:
        if "out of memory" in str(error):
            raise
        raise ValueError(f"{where}: {explained_error(error)}; {maps}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{where} gives a {type(found).__name__}, not a dict of losses")
    return found
