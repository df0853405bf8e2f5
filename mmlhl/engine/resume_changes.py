"""Resuming with an edited config: changes are logged, those that come too late are refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from mmengine.logging import print_log
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..explaining import first_few
from .fingerprints import Fingerprint, differences, is_harmless

DONE, RUNNING, AHEAD = "done", "interrupted", "not begun"
#: keys whose values are stored in checkpoints and can be replaced by the config's in mid-phase
STORED = ("optim_wrapper.", "param_scheduler")


@dataclass(frozen=True)
class Change:
    """A key of a phase's config that was edited since.

    Attributes:
        phase: Name of the phase.
        state: Whether it is ``done``, ``interrupted`` or ``not begun``.
        key: The key, such as ``optim_wrapper.optimizer.lr``.
        then: Its value when the phase began.
        now: Its value now.
    """

    phase: str
    state: str
    key: str
    then: Any
    now: Any

    @property
    def refused(self) -> bool:
        """Whether the change comes too late, as the phase is done or interrupted."""
        return self.state != AHEAD and not is_harmless(self.key, self.then, self.now)

    @property
    def outcome(self) -> str:
        """The effect of the change if training is resumed."""
        if self.state == AHEAD:
            return "holds: the phase has not begun"
        if not self.refused and self.key.startswith("custom_hooks."):
            return "depends on the hook: whether results change is not known"
        if not self.refused:
            return "changes no result"
        if self.state == DONE:
            return "the phase is done: it stays as it was trained"
        if self.key.startswith(STORED):
            return "holds for the rest of the phase"
        return "part of the phase is trained with each value"


def changes(
    names: Sequence[str],
    states: Sequence[str],
    then: Sequence[Fingerprint | None],
    now: Sequence[Fingerprint],
) -> list[Change]:
    """All changes, phase by phase.

    Args:
        names: The phases' names.
        states: States of the phases: ``done``, ``interrupted`` or ``not begun``.
        then: The fingerprints with which they were begun; None if there is none.
        now: The fingerprints of the config.
    """
    return [
        Change(name, state, key, *pair)
        for name, state, old, new in zip(names, states, then, now, strict=True)
        if old is not None
        for key, pair in differences(old, new).items()
    ]


def changes_table(found: Sequence[Change]) -> Table:
    """A table of changes with phase, key, old value, new value and effect."""
    table = Table(title="The config was edited since", box=box.SIMPLE)
    for column in ("phase", "key", "then", "now", "outcome"):
        table.add_column(column, overflow="fold")
    for change in found:
        row = (change.phase, change.key, change.then, change.now, change.outcome)
        style = "red" if change.refused else ""
        table.add_row(*(Text(_short(value)) for value in row), style=style)
    return table


def check_changes(found: Sequence[Change], folder: str, allowed: bool) -> None:
    """Log the changes, and refuse those that come too late.

    Raises:
        ValueError: Naming the keys, with both values.
    """
    if not found:
        return
    text = StringIO()
    Console(file=text, width=120).print(changes_table(found))
    print_log(f"resume {folder}\n{text.getvalue()}", "current", logging.WARNING)
    refused = [change for change in found if change.refused]
    if refused and not allowed:
        listed = first_few(
            f"{c.key} of phase {c.phase!r} ({c.state}): {_short(c.then)} -> {_short(c.now)}"
            for c in refused
        )
        raise ValueError(
            f"{folder} was begun with another config, and this cannot be honoured: {listed}. "
            "Undo the edit, or write it into the cfg of a phase that has not begun; with "
            "--resume-changed (resume_changed=True in the config) training goes on all the same; "
            "without --resume the sequence starts anew"
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
