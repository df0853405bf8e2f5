"""A progress bar over frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def track_frames(items: Iterable[Item], total: int, what: str, show: bool) -> Iterator[Item]:
    """Iterate and draw a bar on the standard error stream, if that is a terminal.

    Args:
        items: The items to iterate over.
        total: Expected number of items; the header of a video may be wrong.
        what: Text before the bar, such as "predicting".
        show: Whether to draw the bar.

    Yields:
        The items.
    """
    console = Console(stderr=True)
    if not show or not console.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        done = 0
        for item in items:
            yield item
            done += 1
            bar.update(task, completed=done, total=max(done, total))
