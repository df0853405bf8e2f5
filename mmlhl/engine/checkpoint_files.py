"""The checkpoints in a phase's folder, and the one from which training resumes.

``last_checkpoint`` names the newest, ``resumable.json`` all that this training has written and not
removed, oldest first; both by names relative to the folder, which may be moved or copied. Files of
older trainings in the same folder are never resumed, nor are those of another that were put into
it: ``.training`` holds a name of the training, drawn when it begins, which its checkpoints repeat.
By that name they are found if a copy of the folder has lost the notes. A checkpoint also says with
which model of the previous phase its own phase began, and is not resumed after another one.
"""

from __future__ import annotations

import json
import logging
import os
import os.path as osp
import re
import secrets
from collections.abc import Mapping, Sequence
from glob import escape, glob
from typing import Any

from mmengine.logging import print_log

from ..checkpoints import UntrustedCheckpointError, read_checkpoint
from ..checkpoints.checksums import weights_digest
from ..checkpoints.saved_parts import lost_part
from ..explaining import first_few
from ..files import write_text
from .training_state import state_problem

POINTER, LIST, NAME = "last_checkpoint", "resumable.json", ".training"
#: key of a checkpoint's meta for the training's name
TRAINING_KEY = "training"
#: likewise for the digest of the previous phase's model
BEGAN_KEY = "began_with"
#: folder of a phase within an experiment's name
_FOLDER = re.compile(r"_phase_\d+_")
#: beginning of the names of checkpoints of a request to stop
STOPPED = "stopped_"
#: names that mmengine gives to checkpoints by default, and those of a request to stop
_SAVED = re.compile(rf"({STOPPED})?(epoch|iter)_\d+\.pth$")


def note_checkpoint(folder: str, path: str) -> None:
    """Note a complete checkpoint as the newest.

    Args:
        folder: Folder of the phase.
        path: The checkpoint; noted by an absolute path only if it is outside of the folder.
    """
    name = _within(folder, path)
    kept = [other for other in noted(folder) if other != name]
    kept = [other for other in kept if osp.isfile(osp.join(folder, other))]
    write_text(osp.join(folder, LIST), json.dumps([*kept, name], indent=1) + "\n")
    write_text(osp.join(folder, POINTER), name)


def training_name(folder: str) -> str | None:
    """The name of the training in a folder; None if it is not known."""
    try:
        with open(osp.join(folder, NAME), encoding="utf-8") as file:
            found = re.fullmatch(r"[0-9a-f]{16}", file.read().strip())
    except (OSError, ValueError):
        return None
    return found and found[0]


def name_training(folder: str, resumed: str | None) -> str:
    """Name the training in a folder, unless it has a name.

    Args:
        folder: Folder of the phase.
        resumed: The name in the checkpoint that is resumed, if there is one.
    """
    name = training_name(folder)
    if name is None:
        name = resumed or secrets.token_hex(8)
        write_text(osp.join(folder, NAME), name)
    return name


def of_training(path: str, name: str | None) -> bool:
    """Whether a checkpoint was written by the training of a name; False if it cannot be read.

    Args:
        path: The file.
        name: The training's name; None if it is not known, as that of no file is then.
    """
    return name is not None and _content(path)["meta"].get(TRAINING_KEY) == name


def _content(path: str) -> Mapping[str, Any]:
    """A checkpoint's content with its meta, both empty if it cannot be read."""
    try:
        content = read_checkpoint(path)
    except Exception:  # torch raises many types for a damaged file
        return dict(meta={})
    meta = content.get("meta")
    return {**content, "meta": meta if isinstance(meta, dict) else {}}


def _unnoted(places: Sequence[str]) -> list[str]:
    """Names of checkpoints in folders without notes, oldest first: those of their training."""
    training = training_name(places[0])
    paths = [path for place in places for path in glob(osp.join(escape(place), "*.pth"))]
    if training is None:
        kept = sorted(osp.basename(path) for path in paths if _SAVED.match(osp.basename(path)))
        if kept:
            print_log(
                f"{places[0]} has checkpoints that no {POINTER} or {LIST} notes, as those of an "
                f"earlier training: {first_few(kept, separator=', ')}. They are not resumed; to go "
                f"on from one, write its name into {POINTER}",
                "current",
                logging.WARNING,
            )
        return []
    contents = {path: _content(path) for path in paths}
    own = [
        p
        for p, c in contents.items()
        if "optimizer" in c and c["meta"].get(TRAINING_KEY) == training
    ]
    return [osp.basename(path) for path in sorted(own, key=lambda p: contents[p]["meta"]["iter"])]


def _within(folder: str, path: str) -> str:
    inside = osp.relpath(osp.abspath(path), osp.abspath(folder))
    return osp.abspath(path) if inside.startswith(os.pardir) else inside


def noted(folder: str) -> list[str]:
    """Names of the checkpoints that training wrote into a folder, oldest first."""
    try:
        with open(osp.join(folder, LIST), encoding="utf-8") as file:
            names = json.load(file)
    except (OSError, ValueError, RecursionError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def forget_checkpoints(folder: str) -> None:
    """Remove a folder's notes of checkpoints, so that training does not resume from them."""
    for name in (POINTER, LIST, NAME):
        if osp.isfile(osp.join(folder, name)):
            os.remove(osp.join(folder, name))


def candidates(folder: str, elsewhere: Sequence[str] = ()) -> list[str]:
    """Files that training may resume from, newest first; they may be missing or damaged."""
    names = noted(folder)
    try:
        with open(osp.join(folder, POINTER), encoding="utf-8") as file:
            pointer = file.read().strip()
    except (OSError, ValueError):
        pointer = ""
    if pointer and osp.basename(pointer) not in map(osp.basename, names):
        names.append(pointer)
    names = names or _unnoted([folder, *elsewhere])
    found = []
    for name in reversed(names):
        # by the base name, as the folder may have been moved since
        places = [osp.join(place, osp.basename(name)) for place in (folder, *elsewhere)]
        found.append(next((place for place in places if osp.isfile(place)), places[0]))
    return found


def newest_checkpoint(
    folder: str, elsewhere: Sequence[str] = (), previous: str | None = None
) -> str | None:
    """The newest complete checkpoint to resume from; damaged or missing ones are logged.

    Args:
        folder: Folder of the phase.
        elsewhere: Other folders to which the config writes checkpoints.
        previous: The model at the end of the previous phase, if the phase has to have begun with
            it.

    Raises:
        UntrustedCheckpointError: If the newest contains more than data.
    """
    paths = candidates(folder, elsewhere)
    phase, training = osp.basename(osp.abspath(folder)), training_name(folder)
    for path in paths:
        reason = damage(path, phase=phase, training=training, previous=previous)
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


def damage(
    path: str,
    resumable: bool = True,
    phase: str | None = None,
    training: str | None = None,
    previous: str | None = None,
) -> str | None:
    """Why a checkpoint's file cannot be used; None if it can.

    Args:
        path: The file.
        resumable: Whether training has to be able to resume from it.
        phase: Folder of the phase to resume, if checkpoints of other phases are not accepted.
        training: Name of the training, if those of others are not accepted; older checkpoints have
            none.
        previous: The model with which its phase has to have begun; older checkpoints do not tell.

    Raises:
        UntrustedCheckpointError: If it contains more than data.
        PermissionError: If it may not be read.
    """
    try:
        content = read_checkpoint(path)
    except UntrustedCheckpointError:
        with open(path, "rb") as file:
            if file.read(1) in (b"P", b"\x80"):  # first bytes of torch's new and old formats
                raise
        return f"{path} is not a checkpoint"
    except (PermissionError, MemoryError):  # nothing is known of the file
        raise
    except Exception as error:  # torch raises many types for an incomplete file
        return f"{path}: {error}" if path not in str(error) else str(error)
    meta: Any = content.get("meta")
    problem = state_problem(content) if resumable else lost_part(content)
    if problem is not None:
        return f"{path} {problem}"
    if not resumable:
        return None
    name = str(meta.get("experiment_name", ""))  # <sequence>_<folder>_<date>_<time>
    folders = _FOLDER.findall(name)
    if phase is not None and folders and not re.search(rf"_{re.escape(phase)}(_\d+_\d+)?$", name):
        return f"{path} is of another phase: it was saved by {name}"
    if training is not None and meta.get(TRAINING_KEY, training) != training:
        return f"{path} is of another training: it was saved by {name}"
    began = meta.get(BEGAN_KEY)
    if began is not None and previous is not None and weights_digest(previous) != began:
        return f"{path} is of a phase that began with another model than {previous}"
    return None
