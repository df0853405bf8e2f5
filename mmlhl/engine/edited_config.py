"""The fingerprints of a sequence: stored when it begins, compared when it resumes."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.logging import print_log

from ..evaluation import LifelongRecord
from .fingerprints import (
    Fingerprint,
    differences,
    fingerprint,
    is_harmless,
    read_fingerprints,
    write_fingerprints,
)
from .phases.deriving import RECORD, phase_config
from .phases.grammar import Phase
from .progress import was_begun
from .resume_changes import AHEAD, DONE, RUNNING, changes, check_changes


def check_edits(cfg: Config, phases: Sequence[Phase], done: int) -> None:
    """Compare a config with the one with which the ``work_dir`` was begun.

    Args:
        cfg: The sequence's config; with ``resume_changed`` nothing is refused.
        phases: Its phases.
        done: Number of phases in the record.

    Raises:
        ValueError: If a finished or interrupted phase was begun with other values.
    """
    states = _states(cfg, phases, done)
    then = _stored(cfg, phases, done)
    lacking = [
        phase.name
        for phase, state, old in zip(phases, states, then, strict=True)
        if state != AHEAD and old is None
    ]
    if lacking:
        print_log(
            f"{cfg.work_dir} does not say with which config {', '.join(lacking)} began: whether "
            "it was edited since is not known",
            "current",
            logging.WARNING,
        )
    found = changes([phase.name for phase in phases], states, then, _current(cfg, phases))
    check_changes(found, cfg.work_dir, bool(cfg.get("resume_changed")))


def keep_fingerprints(cfg: Config, phases: Sequence[Phase], done: int) -> None:
    """Store the fingerprint with which each phase will be trained."""
    stored, content = read_fingerprints(cfg.work_dir), {}
    now, states = _current(cfg, phases), _states(cfg, phases, done)
    for phase, state, new in zip(phases, states, now, strict=True):
        old = stored.get(phase.folder)
        if state == DONE:
            content.update({phase.folder: old} if old else {})
            continue
        content[phase.folder] = dict(fingerprint=new)
        if state == RUNNING and old:
            edits = differences(old["fingerprint"], new)
            edits = {key: pair for key, pair in edits.items() if not is_harmless(key, *pair)}
            edits = {**old.get("resumed_changed", {}), **edits}
            content[phase.folder].update(dict(resumed_changed=edits) if edits else {})
    write_fingerprints(cfg.work_dir, content)


def _states(cfg: Config, phases: Sequence[Phase], done: int) -> list[str]:
    def state(phase: Phase) -> str:
        if phase.index < done:
            return DONE
        # a phase without a checkpoint starts over with the present config
        wanted = phase.index == done and cfg.get("resume")
        return RUNNING if wanted and was_begun(cfg, phase) else AHEAD

    return [state(phase) for phase in phases]


def _stored(cfg: Config, phases: Sequence[Phase], done: int) -> list[Fingerprint | None]:
    stored = read_fingerprints(cfg.work_dir)
    recorded = LifelongRecord.load(osp.join(cfg.work_dir, RECORD)).phases if done else []
    return [
        recorded[phase.index].get("fingerprint")
        if phase.index < done
        else stored.get(phase.folder, {}).get("fingerprint")
        for phase in phases
    ]


def _current(cfg: Config, phases: Sequence[Phase]) -> list[Fingerprint]:
    found = []
    for phase in phases:
        new = fingerprint(phase_config(cfg, phases, phase.index))
        if phase.index and phase.cfg.get("load_from"):  # of a new encoder
            new["load_from"] = str(phase.cfg["load_from"])
        found.append({**new, "checkpoint": phase.checkpoint} if phase.checkpoint else new)
    return found
