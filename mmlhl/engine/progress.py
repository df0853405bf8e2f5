"""The finished part of a sequence, and where training starts or resumes."""

from __future__ import annotations

import glob
import logging
import os
import os.path as osp
import secrets
from collections.abc import Mapping, Sequence

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader

from ..checkpoints import CheckpointError
from ..checkpoints.checksums import ChangedArchiveError, weights_digest
from ..evaluation import LifelongRecord
from ..files import clean_leftovers
from .checkpoint_files import candidates, damage, forget_checkpoints, newest_checkpoint, noted
from .fingerprints import read_fingerprints
from .phases.grammar import Phase, merged_config
from .phases.lengths import training_steps
from .phases.save_best import checkpoint_hooks

_WAY_OUT = (
    "Put the file back; without --resume the sequence starts anew, or take another --work-dir"
)

_OTHERWISE = "resume the sequence that was begun, or leave --resume out to start anew"


def start_anew(record: str, method: str) -> None:
    """Remove the record and the notes of checkpoints of an earlier sequence in the folder.

    Configs of different methods often have the same file name, and so the same default
    ``work_dir``; results of another method are never overwritten.

    Raises:
        ValueError: If there are results of another method.
    """
    try:
        other = LifelongRecord.load(record).method
    except (FileNotFoundError, ValueError):  # no record, or an unreadable one
        other = method
    if other != method:
        raise ValueError(
            f"{record} holds results of {other}, the config trains {method}: choose another "
            "--work-dir, or delete that folder"
        )
    folder = osp.dirname(record)
    folders = osp.join(glob.escape(folder), "phase_*")
    for phase in glob.glob(folders):
        forget_checkpoints(phase)
    if osp.isfile(record):
        os.remove(record)
    clean_leftovers(folder, locked=True)


def read_progress(
    cfg: Config, record: str, method: str, phases: Sequence[Phase]
) -> tuple[int, str | None]:
    """Number of finished phases, and the last one's checkpoint.

    Raises:
        ValueError: If the record belongs to another sequence.
        FileNotFoundError: If the model of a finished phase is missing and cannot be restored.
    """
    clean_leftovers(osp.dirname(record), locked=True)
    if not osp.isfile(record):
        return 0, None
    found = LifelongRecord.load(record)
    for phase, entry in zip(phases, found.phases, strict=False):
        _check_entry(record, phase, entry)
    if found.method != method or len(found) > len(phases):
        raise ValueError(
            f"{record} has {found.method} with {len(found)} phase(s), the config has {method} "
            f"with {len(phases)}; {_OTHERWISE}"
        )
    done = _usable(cfg, record, found, phases)
    if not done:
        return 0, None
    print_log(f"resume: {done} of {len(phases)} phases are done", "current")
    return done, osp.join(osp.dirname(record), found.phases[done - 1]["checkpoint"])


def _usable(cfg: Config, record: str, found: LifelongRecord, phases: Sequence[Phase]) -> int:
    """Number of finished phases, without the last one if its model is damaged, missing or another.

    The end of that phase is then repeated from its last checkpoint.
    """
    folder = osp.dirname(record)
    for index, (phase, entry) in enumerate(zip(phases, found.phases, strict=False)):
        path = osp.join(folder, entry["checkpoint"])
        last = index == len(found) - 1
        reason = _model_problem(record, path, entry, whole=last) if osp.isfile(path) else None
        if osp.isfile(path) and reason is None:
            continue
        if not last or checkpoint_of(cfg, phase) is None:
            if reason is not None:
                raise CheckpointError(f"{reason}. {_WAY_OUT}")
            raise FileNotFoundError(
                f"{path} is gone, the model of phase {index + 1}, which {record} lists as done. "
                f"{_WAY_OUT}"
            )
        print_log(
            f"resume: {reason or f'{path} is gone'}; the end of the phase is repeated from its "
            "last checkpoint",
            "current",
            logging.WARNING,
        )
        return index
    return len(found)


def _model_problem(record: str, path: str, entry: dict, whole: bool) -> str | None:
    """Why a finished phase's model cannot be used; a whole check reads the file."""
    try:
        reason = damage(path, resumable=False) if whole else None
        found = None if reason else weights_digest(path)
    except ChangedArchiveError as error:
        return f"{path} is damaged: {error}"
    written = entry.get("weights")
    if reason is None and written is not None and found != written:
        what = "is cut short or no checkpoint" if found is None else "has other weights"
        return f"{path} {what}: {record} says that its phase ended with the weights {written}"
    return reason


def _check_entry(record: str, phase: Phase, entry: dict) -> None:
    if list(phase.tasks) != entry["tasks"]:
        raise ValueError(
            f"{record}: phase {phase.index + 1} learned {entry['tasks']}, the config says "
            f"{list(phase.tasks)}; {_OTHERWISE}"
        )
    if not entry.get("checkpoint"):
        raise ValueError(
            f"{record}: phase {phase.index + 1} has no checkpoint to go on from; leave --resume "
            "out to start anew"
        )


def checkpoint_of(cfg: Config, phase: Phase, previous: str | None = None) -> str | None:
    """The newest complete checkpoint of an interrupted phase; None if there is none."""
    return newest_checkpoint(*_places(cfg, phase), previous)


def say_other_name(cfg: Config, phase: Phase) -> None:
    """Warn that checkpoints of a phase are not resumed because the phase has another name now."""
    start = f"phase_{phase.index + 1}_"
    for folder in sorted(glob.glob(osp.join(glob.escape(cfg.work_dir), f"{start}*"))):
        name, saved = osp.basename(folder), noted(folder)
        if name != phase.folder and any(osp.isfile(osp.join(folder, each)) for each in saved):
            print_log(
                f"resume: {folder} holds checkpoints, but phases[{phase.index}] is called "
                f"{phase.name!r} and starts anew: to go on from them, set "
                f"phases[{phase.index}].name={name.removeprefix(start)!r}",
                "current",
                logging.WARNING,
            )


def was_begun(cfg: Config, phase: Phase) -> bool:
    """Whether a phase has a checkpoint, complete or not."""
    return any(osp.isfile(path) for path in candidates(*_places(cfg, phase)))


def _places(cfg: Config, phase: Phase) -> tuple[str, list[str]]:
    folders = [hook.get("out_dir") for hook in checkpoint_hooks(merged_config(cfg, phase))]
    elsewhere = [osp.join(folder, phase.folder) for folder in folders if folder]
    return osp.join(cfg.work_dir, phase.folder), elsewhere


def steps_taken(record: str, done: int) -> list[int]:
    """Steps of each finished phase.

    Args:
        record: The record's file. In older versions it has no steps; they are read from the
            checkpoints then.
        done: Number of finished phases.
    """
    if not done:
        return []
    found = []
    for entry in LifelongRecord.load(record).phases[:done]:
        steps = entry.get("steps")
        if not isinstance(steps, int):
            path = osp.join(osp.dirname(record), entry["checkpoint"])
            loaded = CheckpointLoader.load_checkpoint(path, "cpu", logger="silent")
            steps = (loaded.get("meta") or {}).get("iter", 0)
        found.append(int(steps))
    return found


def expected_steps(
    cfg: Config, phases: Sequence[Phase], batches: Mapping[int, int | None]
) -> list[int | None]:
    """Planned steps of phases, None if unknown."""
    return [
        0
        if phase.checkpoint is not None
        else training_steps(merged_config(cfg, phase), batches.get(phase.index))
        for phase in phases
    ]


def settle_seed(cfg: Config, record: str, phases: Sequence[Phase]) -> None:
    """Choose one seed for the whole sequence: the config's, that of its beginning, or a new one."""
    randomness = dict(cfg.get("randomness") or {})
    if randomness.get("seed") is not None:
        return
    seed = None
    if cfg.get("resume"):
        stored = [read_fingerprints(osp.dirname(record)).get(phase.folder) for phase in phases]
        seeds = [each["fingerprint"].get("randomness.seed") for each in stored if each]
        if osp.isfile(record):
            seeds.insert(0, LifelongRecord.load(record).seed)
        seed = next((each for each in seeds if each is not None), None)
    randomness["seed"] = secrets.randbelow(2**31) if seed is None else seed
    cfg.randomness = randomness
