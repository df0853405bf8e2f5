"""Fingerprints: the parts of a phase's config that decide its results, and their differences."""

from __future__ import annotations

import inspect
import json
import math
import os.path as osp
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from mmengine.config import Config

from ..files import write_text
from ..registered import type_name
from .phases.grammar import TRAINING

FILE = "fingerprints.json"
#: parts of a phase's config that decide its weights or its metrics
PARTS = (
    *("model", "data_preprocessor", "train_dataloader", "train_cfg", "optim_wrapper"),
    *("param_scheduler", "auto_scale_lr", "randomness", "test_dataloader", "test_evaluator"),
    *("val_dataloader", "val_evaluator", "pseudo_labels", "sync_bn", "efficient_conv_bn_eval"),
)
#: keys below them that change no results: speed and places of loading and writing
SPEED = {"num_workers", "persistent_workers", "pin_memory", "prefetch_factor", "timeout"}
SPEED |= {"multiprocessing_context", "serialize_data", "backend_args", "file_client_args"}
SPEED |= {"io_backend", "output_dir"}
#: default scope of a config inherited by `mmlhl::`; a copied config has none
SCOPE = "_scope_"
#: hooks that are added to every phase
OWN_HOOKS = {"PhaseResultHook", "LifelongPhaseHook", "TrainingFactsHook", "FiniteHook"}
OWN_HOOKS |= {"HeartbeatHook"}
MISSING = "(not set)"
#: keys of one task
_OF_TASK = re.compile(
    r"(?:model\.heads|\w+_dataloader(?:\.datasets?(?:\[\d+\])?)+\.annotations"
    r"|\w+_evaluator\.metrics|model\.method(?:\.\w+\[\d+\])*\.hakd)\.(\w+)"
)
#: paths with the same last name have only been moved; relative folders are parts of a dataset
_PLACES = ("data_root", "checkpoint", "load_from", "pretrained")
#: default hooks whose absence changes training
_TRAINING_HOOKS = ("param_scheduler", "sampler_seed")
#: default hooks that do not change training; all others are custom ones
_WATCHING = ("runtime_info", "timer", "logger", "checkpoint", "visualization", *_TRAINING_HOOKS)

Fingerprint = dict[str, Any]


def fingerprint(cfg: Config) -> Fingerprint:
    """The values that decide a phase's results, by key such as ``model.backbone.depth``.

    Args:
        cfg: The plain config of the phase, see :func:`~mmlhl.engine.phases.phase_config`. Output
            folders, logging and the number of workers are left out.

    Returns:
        Data for JSON; types by their bare names. ``SyncBN`` counts as ``BN``, since the machine
        decides which of them runs.
    """
    found: Fingerprint = {}
    for part in PARTS:
        value = cfg.get(part)
        if part.startswith(("test_data", "val_data")) and isinstance(value, Mapping):
            value = dict(dataset=value.get("dataset"))
        found.update(_flat(part, value))
    default = cfg.get("default_hooks") or {}
    found.update(
        {f"default_hooks.{k}": "off" for k in _TRAINING_HOOKS if default.get(k, 0) is None}
    )
    added = [hook for name, hook in default.items() if name not in _WATCHING]
    counts: Counter[str] = Counter()
    for hook in [*added, *(cfg.get("custom_hooks") or [])]:
        if isinstance(hook, Mapping) and (type_name(hook) not in OWN_HOOKS or len(hook) > 1):
            name = type_name(hook)
            if name not in ("PhaseResultHook", "LifelongPhaseHook"):
                place = f"custom_hooks.{name}" + (f"[{counts[name]}]" if counts[name] else "")
                found.update(_flat(place, hook))
                counts[name] += 1
    if list(cfg.model.get("tasks") or []) == list(cfg.model.get("new_tasks") or []):
        found.update(_flat("load_from", cfg.get("load_from")))  # only the first phase uses it
    return found


def differences(then: Fingerprint, now: Fingerprint) -> dict[str, tuple[Any, Any]]:
    """The keys whose values differ, each with both values.

    Heads, annotations and metrics of later tasks are ignored, so that a finished sequence may be
    continued with one more task. So is training if both phases adopt a finished model.
    """
    then, now = _of_known_tasks(then), _of_known_tasks(now)
    if "checkpoint" in then and "checkpoint" in now:
        then, now = (
            {key: value for key, value in found.items() if not key.startswith(TRAINING)}
            for found in (then, now)
        )
    keys = list(dict.fromkeys([*then, *now]))
    pairs = {key: (then.get(key, MISSING), now.get(key, MISSING)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _of_known_tasks(found: Fingerprint) -> Fingerprint:
    tasks = found.get("model.tasks")
    if not isinstance(tasks, list):
        return found
    named = {key: _OF_TASK.match(key) for key in found}
    return {k: found[k] for k, match in named.items() if match is None or match[1] in tasks}


def is_harmless(key: str, then: Any, now: Any) -> bool:
    """Whether a change does not affect the results, so that it is only logged.

    True for validation, which chooses checkpoints but trains nothing, for hooks other than those
    of mmengine that change training, and for a root folder, or a file given by its absolute path,
    that was moved but has the same name. Another folder within the root is a real change.
    """
    if key.startswith(("val_", "train_cfg.val_", "train_cfg.dynamic_intervals")):
        return True
    if key in ("pseudo_labels.keep", "pseudo_labels.folder", "pseudo_labels.batch_size"):
        return True
    if key.startswith("custom_hooks."):
        changing = {"EMAHook", "EarlyStoppingHook", "SyncBuffersHook", "FiniteHook"}
        return key.split(".")[1].partition("[")[0] not in changing
    paths = [value for value in (then, now) if isinstance(value, str) and value != MISSING]
    if len(paths) < 2 or not any("/" in path or "\\" in path for path in paths):
        return False
    last = re.sub(r"\[\d+\]$", "", key.rpartition(".")[2])
    if last not in _PLACES and not all(_is_absolute(path) for path in paths):
        return False
    first, second = (osp.basename(path.replace("\\", "/").rstrip("/")) for path in paths)
    return first == second


def _is_absolute(path: str) -> bool:
    absolute = any(kind(path).is_absolute() for kind in (PurePosixPath, PureWindowsPath))
    return absolute or "://" in path


def read_fingerprints(folder: str) -> dict[str, dict]:
    """Read the fingerprints in a ``work_dir``; empty if there are none that can be read.

    Returns:
        By the phase's folder: ``fingerprint``, and ``resumed_changed``, the changes in mid-phase
        that affect results: by key the values before and after.
    """
    try:
        with open(osp.join(folder, FILE), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    parts = ("fingerprint", "resumed_changed")
    return {
        folder: entry
        for folder, entry in found.items()
        if isinstance(entry, dict)
        and "fingerprint" in entry
        and all(isinstance(entry.get(part, {}), dict) for part in parts)
    }


def write_fingerprints(folder: str, content: Mapping[str, dict]) -> None:
    """Write the fingerprints of all phases, by their folders, in one atomic write."""
    write_text(osp.join(folder, FILE), json.dumps(content, indent=1) + "\n")


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """As ``config_values.leaves``, without what changes no results.

    Keys of speed are left out with all below them, a list is opened only if it holds dictionaries,
    and values become plain data: the places stand in files of older runs.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name not in SPEED and name != SCOPE:
                kind = name == "type" and item is not None
                yield from _flat(f"{key}.{name}", _kind(item) if kind else item)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for place, item in enumerate(value):
            yield from _flat(f"{key}[{place}]", item)
    elif value is not None:
        yield key, _plain(value)


def _kind(value: Any) -> str:
    name = type_name(value)
    return {"SyncBN": "BN", "SyncBatchNorm": "BN"}.get(name, name)


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if value is None:
        return None
    if hasattr(value, "tolist"):  # numpy or torch
        return _plain(value.tolist())
    # other objects by name of their type, since their repr may contain an address
    named = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
    return f"<{named.__qualname__}>"
