"""Several frozen models of earlier phases as one teacher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from .lifelong_teacher import build_teacher
from .segmentor_teacher import model_config

TEACHERS = ("last", "first")
"""Whether the last model teaches an old task, or that of the phase that learned it."""


class Committee(nn.Module):
    """Frozen models that teach different tasks.

    Args:
        members: Lifelong segmentors.
        taught_tasks: The tasks that each of them teaches; each task has one teacher.
    """

    def __init__(self, members: Sequence[nn.Module], taught_tasks: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.taught_tasks = [tuple(tasks) for tasks in taught_tasks]


def build_committee(
    earlier: Sequence[Mapping[str, Any]], model: dict, preprocessor: dict | None = None
) -> nn.Module:
    """Build the models at the end of the earlier phases, each to teach what its phase learned.

    Args:
        earlier: One entry per earlier phase: its ``checkpoint``, the ``tasks`` that it learned, and
            the config of its ``model`` if that is not the present phase's.
        model: Config of the present phase's model.
        preprocessor: The config's data preprocessor, if it is outside of the model.

    Raises:
        FileNotFoundError: If a checkpoint is missing.
        ValueError: If a checkpoint lacks a task or a weight.
    """
    built = []
    for phase in earlier:
        config = dict(model=phase.get("model") or model, data_preprocessor=preprocessor)
        built.append(build_teacher(model_config(config), phase["checkpoint"], phase["tasks"]))
    return built[0] if len(built) == 1 else Committee(built, [p["tasks"] for p in earlier])


def members(teacher: nn.Module) -> list[Any]:
    """The models of a teacher: those of a :class:`Committee`, or itself."""
    return list(teacher.members) if isinstance(teacher, Committee) else [teacher]


def teaching(teacher: nn.Module, tasks: Sequence[str]) -> Iterator[tuple[Any, list[str]]]:
    """The models that teach, and the tasks of each.

    Yields:
        A model and those of ``tasks`` that it teaches, at least one.
    """
    if not isinstance(teacher, Committee):
        yield teacher, list(tasks)
        return
    for member, own in zip(members(teacher), teacher.taught_tasks, strict=True):
        taught = [task for task in tasks if task in own]
        if taught:
            yield member, taught
