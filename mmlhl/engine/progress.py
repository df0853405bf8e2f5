"""What of a sequence is done already: where training starts, fresh or resumed."""

from __future__ import annotations

import glob
import os
import os.path as osp
from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.runner import find_latest_checkpoint

from ..evaluation import LifelongRecord
from ..files import clean_leftovers
from .phases.grammar import Phase


def start_anew(record: str, method: str) -> None:
    """Remove what an older sequence in the record's folder would be resumed by.

    Configs of different methods often have the same file name, and so the same default
    ``work_dir``: another method's results are never overwritten.

    Args:
        record: the record's file.
        method: name of the method that the config trains.

    Raises:
        ValueError: if there are results of another method.
    """
    try:
        other = LifelongRecord.load(record).method
    except (FileNotFoundError, ValueError):  # none, or none that is worth keeping
        other = method
    if other != method:
        raise ValueError(
            f"{record} holds results of {other}, the config trains {method}: choose another "
            "--work-dir, or delete that folder"
        )
    folder = osp.dirname(record)
    folders = osp.join(glob.escape(folder), "phase_*")
    for marker in [*glob.glob(osp.join(folders, "last_checkpoint")), record]:
        if osp.isfile(marker):
            os.remove(marker)
    clean_leftovers(folder)


def read_progress(record: str, method: str, phases: Sequence[Phase]) -> tuple[int, str | None]:
    """Number of phases that are done, and the last one's checkpoint.

    Args:
        record: the record's file.
        method: name of the method that the config trains.
        phases: the config's.

    Raises:
        ValueError: if the record is of another sequence.
        FileNotFoundError: if the checkpoint of a phase that is done is gone.
    """
    clean_leftovers(osp.dirname(record))
    if not osp.isfile(record):
        return 0, None
    found = LifelongRecord.load(record)
    for phase, entry in zip(phases, found.phases, strict=False):
        _check_entry(record, phase, entry)
    if found.method != method or len(found) > len(phases):
        raise ValueError(
            f"{record} is of {found.method} with {len(found)} phase(s), the config has {method} "
            f"with {len(phases)}; resume the sequence that was begun, or leave --resume out to "
            "start anew"
        )
    if not len(found):
        return 0, None
    print_log(f"resume: {len(found)} of {len(phases)} phases are done", "current")
    return len(found), osp.join(osp.dirname(record), found.phases[-1]["checkpoint"])


def _check_entry(record: str, phase: Phase, entry: dict) -> None:
    if list(phase.tasks) != entry["tasks"]:
        raise ValueError(
            f"{record}: phase {phase.index + 1} learned {entry['tasks']}, the config says "
            f"{list(phase.tasks)}; resume the sequence that was begun, or leave --resume out to "
            "start anew"
        )
    checkpoint = osp.join(osp.dirname(record), entry["checkpoint"])
    if not osp.isfile(checkpoint):
        raise FileNotFoundError(f"{record}: the checkpoint {checkpoint} is gone")


def has_checkpoint(folder: str) -> bool:
    """Whether there is a checkpoint to go on from in a phase's folder."""
    if not osp.isfile(osp.join(folder, "last_checkpoint")):
        return False
    # mmengine removes the oldest checkpoint before it writes the next: a run that is killed in
    # between leaves a name without a file
    checkpoint = find_latest_checkpoint(folder)
    return bool(checkpoint) and osp.isfile(checkpoint)
