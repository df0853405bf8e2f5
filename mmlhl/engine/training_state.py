"""The training state in a checkpoint, checked before it is resumed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from torch import Tensor

from ..checkpoints import spoilt
from ..checkpoints.saved_parts import lost_part
from ..checkpoints.walking import placed_tensors
from ..config_values import as_list, is_whole

HUB, RANKS = "message_hub", "rank_states"
#: counts of steps that ``FiniteHook`` has skipped
SKIPPED = "skipped_steps"
#: what hooks that save checkpoints note about them
KEPT = "kept_checkpoints"
#: beyond any training, and still exact as a float
_MOST_STEPS = 2**53
_COUNTERS = ("last_step", "_global_step")
#: names of a schedule's methods, which mmengine would overwrite by what a file stores
_METHODS = ("step", "optimizer", "state_dict", "load_state_dict", "_get_value", "print_value")
#: parts of the state: kinds that they may have, and how messages call these
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "optimizer": ((Mapping,), "a dict"),
    "param_schedulers": ((list, Mapping), "a list or a dict"),
    "ema_state_dict": ((Mapping,), "a dict"),
    RANKS: ((list,), "a list"),
}


def state_problem(content: Mapping[str, Any]) -> str | None:
    """Why training cannot resume from a checkpoint.

    Returns:
        The first entry that is missing or wrong, and what is wrong; None if nothing is.
    """
    meta, hub = content.get("meta"), content.get(HUB)
    # mmengine needs these to resume; the final model of a phase has none of them
    if not (isinstance(meta, Mapping) and {"epoch", "iter"} <= meta.keys() and hub is not None):
        return "holds no training state to resume"
    if "optimizer" not in content:
        return "holds no state of the optimiser (save_optimizer=False), so resuming would differ"
    return next(_problems(content, meta, hub), None) or lost_part(content)


def _problems(content: Mapping[str, Any], meta: Mapping[str, Any], hub: Any) -> Iterator[str]:
    """Wrong entries, in words that follow the file's name."""
    for key in ("epoch", "iter"):
        if not is_whole(meta[key]) or not 0 <= meta[key] <= _MOST_STEPS:
            yield f"is damaged: meta.{key} is {_shown(meta[key])}, not a count"
    if not isinstance(meta.get("seed"), (int, type(None))):
        yield f"is damaged: meta.seed is {_shown(meta['seed'])}, not a whole number"
    yield from _processes_problems(meta.get("processes"))
    images = meta.get("image_set")
    if images is not None and not (isinstance(images, Mapping) and "images" in images):
        yield f"is damaged: meta.image_set is {_shown(images)}"
    skipped = content.get(SKIPPED) or dict(total=0, in_a_row=0, taken=True)
    counts = [skipped.get(key) for key in ("total", "in_a_row")] if _is_dict(skipped) else [None]
    if not all(map(is_whole, counts)) or not isinstance(skipped.get("taken"), bool):
        yield f"is damaged: {SKIPPED} is {_shown(skipped)}, not counts of steps"
    yield from _hub_problems(hub)
    notes = content.get(KEPT, {})
    if not (_is_dict(notes) and all(map(_is_dict, notes.values()))):
        yield f"is damaged: {KEPT} is no dict of dicts"
    for name, value in (pair for each in notes.values() for pair in each.items()):
        if _is_wrong_note(str(name), value):
            yield f"is damaged: {KEPT} has the {name} {_shown(value)}"
    for key, (kinds, word) in _KINDS.items():
        if key in content and not isinstance(content[key], kinds):
            yield f"is damaged: {key} is {_shown(content[key])}, not {word}"
    yield from _optimizer_problems(content["optimizer"], "optimizer")
    yield from _schedule_problems(content.get("param_schedulers"), "param_schedulers")
    for index, state in enumerate(content.get(RANKS) or ()):
        parts = dict(state).values() if isinstance(state, Mapping) else [None]
        if not all(isinstance(part, (Mapping, list)) for part in parts):
            yield f"is damaged: {RANKS}[{index}] holds no states of a process"
        elif not all(
            isinstance(each, Real) and 0 < each < math.inf for each in state.get("scales", [])
        ):
            yield f"is damaged: {RANKS}[{index}].scales holds no finite numbers"
    overflows = _has_scaler(content["optimizer"])
    for key in _KINDS:
        for place, value in placed_tensors(content.get(key), key):
            # a scaler leaves out the step of gradients that overflow
            left_out = overflows and key == RANKS and ".gradients." in place
            if spoilt(place, value) and not left_out:
                yield f"is of a training that went wrong: {place} is not finite"


def _hub_problems(hub: Any) -> Iterator[str]:
    """Wrong entries of mmengine's message hub."""
    for key in ("log_scalars", "runtime_info", "resumed_keys") if hub != {} else ():
        if not isinstance(hub, Mapping) or not isinstance(hub.get(key), Mapping):
            yield f"is damaged: {HUB}.{key} is no dict"
    for name, buffer in hub.get("log_scalars", {}).items():
        if isinstance(buffer, HistoryBuffer) and not _is_history(buffer):
            yield f"is damaged: {HUB}.log_scalars[{name!r}] is no history of numbers"
    for name, value in hub.get("runtime_info", {}).items():
        if _is_wrong_note(str(name), value):
            yield f"is damaged: {HUB}.runtime_info[{name!r}] is {_shown(value)}"


def _optimizer_problems(stored: Mapping[str, Any], place: str) -> Iterator[str]:
    """Wrong entries of an optimiser's state, or of several by name."""
    if "param_groups" not in stored:
        for name, each in stored.items():
            if isinstance(each, Mapping) and "param_groups" in each:
                yield from _optimizer_problems(each, f"{place}.{name}")
        return
    yield from _scaler_problems(stored.get("loss_scaler"), f"{place}.loss_scaler")
    states, groups = stored.get("state"), stored["param_groups"]
    if not isinstance(states, Mapping) or not all(map(_is_dict, states.values())):
        yield f"is damaged: {place}.state is no dict of dicts"
    for group in as_list(groups):
        rate = group.get("lr") if _is_dict(group) else None
        if not isinstance(rate, (Real, Tensor)) or not 0 <= rate < math.inf:
            yield f"is damaged: {place}.param_groups has the lr {_shown(rate)}"


def _has_scaler(stored: Mapping[str, Any]) -> bool:
    """Whether an optimiser, or one of several, scales its loss."""
    parts = [stored, *stored.values()]
    return any(_is_dict(part) and bool(part.get("loss_scaler")) for part in parts)


def _scaler_problems(stored: Any, place: str) -> Iterator[str]:
    """Wrong entries of a scaler of losses; with a scale that is no number no step is ever taken."""
    if not stored:  # no mixed precision, or that of a CPU, which needs no scale
        return
    numbers = list(stored.values()) if _is_dict(stored) else [None]
    if not all(isinstance(each, (Real, Tensor)) and 0 <= each < math.inf for each in numbers):
        yield f"is damaged: {place} holds no finite numbers"
    elif not stored.get("scale", 1.0) > 0:
        yield f"is damaged: {place}.scale is {_shown(stored['scale'])}"


def _schedule_problems(stored: Any, place: str) -> Iterator[str]:
    """Wrong entries of schedules' states, or of those of several optimisers by name."""
    if _is_dict(stored):
        for name, each in stored.items():
            yield from _schedule_problems(each, f"{place}.{name}")
        return
    if not isinstance(stored or [], list):
        yield f"is damaged: {place} is {_shown(stored)}, not a list"
    for index, state in enumerate(stored or ()):
        counts = [state.get(key, 0) for key in _COUNTERS] if _is_dict(state) else [None]
        if not all(is_whole(count) and -1 <= count <= _MOST_STEPS for count in counts):
            yield f"is damaged: {place}[{index}] holds no counts of steps"
        for key in ("base_values", "_last_value") if _is_dict(state) else ():
            values = state.get(key, [])
            listed = values if isinstance(values, (list, tuple)) else [None]
            if not all(isinstance(v, (Real, Tensor)) and abs(v) < math.inf for v in listed):
                yield f"is damaged: {place}[{index}].{key} holds no finite numbers"
        methods = [key for key in _METHODS if _is_dict(state) and key in state]
        if methods:
            yield f"is damaged: {place}[{index}] replaces {methods[0]}"


def _processes_problems(stored: Any) -> Iterator[str]:
    if stored is None:
        return
    counts = [stored.get(k) for k in ("number", "images", "steps")] if _is_dict(stored) else [None]
    if not all(is_whole(count) and 0 < count <= _MOST_STEPS for count in counts):
        yield f"is damaged: meta.processes is {_shown(stored)}, not counts above 0"


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_history(buffer: HistoryBuffer) -> bool:
    values = [vars(buffer).get(key) for key in ("_log_history", "_count_history")]
    return all(
        isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iufb"
        for value in values
    )


def _is_wrong_note(name: str, value: Any) -> bool:
    """Whether mmengine's note about a checkpoint to keep or remove is none."""
    if name == "last_ckpt" or name.startswith("best_ckpt"):
        name_of_file = isinstance(value, str) and os.path.basename(value) not in ("", ".", "..")
        return value is not None and not name_of_file
    if name.startswith("best_score"):
        return not isinstance(value, (Real, Tensor, type(None)))
    if name == "keep_ckpt_ids":
        return not (isinstance(value, list) and all(is_whole(each) for each in value))
    return False


def _shown(value: Any) -> str:
    if is_whole(value) and abs(value) > _MOST_STEPS:
        return "a huge number"
    text = type(value).__name__ if isinstance(value, (Mapping, list, Tensor)) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
