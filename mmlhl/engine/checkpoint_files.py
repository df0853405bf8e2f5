"""The checkpoints in a phase's folder: which there are, and from which one training goes on.

``last_checkpoint`` names the newest, ``resumable.json`` all that this training has written and not
removed, oldest first; both by their names within the folder, which may be moved or copied. Older
trainings' files may lie beside them and are never resumed.
"""

from __future__ import annotations

import json
import logging
import os
import os.path as osp
import re
from collections.abc import Sequence
from typing import Any

from mmengine.logging import print_log

from ..checkpoints import UntrustedCheckpointError, read_checkpoint
from ..files import write_text

POINTER, LIST = "last_checkpoint", "resumable.json"
_HUB = "message_hub"
#: how the folders of phases are called, in the name of an experiment
_FOLDER = re.compile(r"_phase_\d+_")


def note_checkpoint(folder: str, path: str) -> None:
    """Note a checkpoint that is whole as the newest.

    Args:
        folder: The phase's.
        path: The checkpoint; an absolute path is noted only of one outside of the folder.
    """
    name = _within(folder, path)
    kept = [other for other in noted(folder) if other != name]
    kept = [other for other in kept if osp.isfile(osp.join(folder, other))]
    write_text(osp.join(folder, LIST), json.dumps([*kept, name], indent=1) + "\n")
    write_text(osp.join(folder, POINTER), name)


def _within(folder: str, path: str) -> str:
    inside = osp.relpath(osp.abspath(path), osp.abspath(folder))
    return osp.abspath(path) if inside.startswith(os.pardir) else inside


def noted(folder: str) -> list[str]:
    """Names of the checkpoints that training wrote into a folder, oldest first."""
    try:
        with open(osp.join(folder, LIST), encoding="utf-8") as file:
            names = json.load(file)
    except (OSError, ValueError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def forget_checkpoints(folder: str) -> None:
    """Leave a folder's checkpoints as files that nothing goes on from."""
    for name in (POINTER, LIST):
        if osp.isfile(osp.join(folder, name)):
            os.remove(osp.join(folder, name))


def candidates(folder: str, elsewhere: Sequence[str] = ()) -> list[str]:
    """Files that training may go on from, newest first, whether they are there and whole or not.

    Args:
        folder: The phase's.
        elsewhere: Folders that the config sends checkpoints to.
    """
    names = noted(folder)
    try:
        with open(osp.join(folder, POINTER), encoding="utf-8") as file:
            pointer = file.read().strip()
    except (OSError, ValueError):
        pointer = ""
    if pointer and osp.basename(pointer) not in map(osp.basename, names):
        names.append(pointer)
    found = []
    for name in reversed(names):
        # wherever the folder was when the name was written
        places = [osp.join(place, osp.basename(name)) for place in (folder, *elsewhere)]
        found.append(next((place for place in places if osp.isfile(place)), places[0]))
    return found


def newest_checkpoint(folder: str, elsewhere: Sequence[str] = ()) -> str | None:
    """The newest whole checkpoint to go on from; what is damaged or gone is named in the log.

    Args:
        folder: The phase's.
        elsewhere: Folders that the config sends checkpoints to.

    Raises:
        UntrustedCheckpointError: If the newest holds more than data.
    """
    paths = candidates(folder, elsewhere)
    for path in paths:
        reason = damage(path, phase=osp.basename(osp.abspath(folder)))
        if reason is None:
            return path
        print_log(f"resume: skipped, {reason}", "current", logging.WARNING)
    if paths:
        print_log(
            f"resume: no checkpoint in {folder} is complete, its phase starts anew",
            "current",
            logging.WARNING,
        )
    return None


def damage(path: str, resumable: bool = True, phase: str | None = None) -> str | None:
    """What is wrong with a checkpoint's file; None if nothing is.

    Args:
        path: The file.
        resumable: Training has to be able to go on from it.
        phase: Folder of the phase that goes on, if it must not be another's.

    Raises:
        UntrustedCheckpointError: If it holds more than data.
    """
    try:
        content = read_checkpoint(path)
    except UntrustedCheckpointError:
        with open(path, "rb") as file:
            if file.read(1) in (b"P", b"\x80"):  # how torch's files begin, new and old
                raise
        return f"{path} is not a checkpoint"
    except Exception as error:  # whatever torch has against half a file
        return f"{path}: {error}" if path not in str(error) else str(error)
    meta: Any = content.get("meta")
    if not resumable:
        return None
    # mmengine goes on from these; the model that a phase leaves has none of them
    if not (isinstance(meta, dict) and {"epoch", "iter"} <= meta.keys() and _HUB in content):
        return f"{path} holds no training state to resume"
    name = str(meta.get("experiment_name", ""))  # <sequence>_<folder>_<date>_<time>
    folders = _FOLDER.findall(name)
    if phase is not None and folders and not re.search(rf"_{re.escape(phase)}(_\d+_\d+)?$", name):
        return f"{path} is of another phase: it was saved by {name}"
    return None
