"""Options of mmengine's runner that it ignores, or fails on once a sequence has begun."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from torch.distributed import Backend

from ....config_values import at, is_whole
from ....option_rules import (
    SWITCH,
    TEXT,
    WHOLE,
    Rule,
    check_option,
    each,
    if_set,
    number,
    one_of,
    whole,
)
from ....spelling import hint, near_miss, unknown
from .log_options import check_log_options

#: options that name parts of the model, of which mmengine's runner changes how they compute
SUBMODULES = ("activation_checkpointing", "efficient_conv_bn_eval")
#: known keys of dictionaries of options; mmengine ignores others, except in ``randomness``
_KNOWN = {
    "randomness": ("seed", "diff_rank_seed", "deterministic"),
    "env_cfg": ("cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"),
    "env_cfg.mp_cfg": ("mp_start_method", "opencv_num_threads"),
    "auto_scale_lr": ("enable", "base_batch_size"),
}
#: for which mmengine has a default, but fails on None
_NEVER_NONE = ("log_level", "randomness", "env_cfg", "env_cfg.mp_cfg", "env_cfg.resource_limit")
#: third-party backends, which torch lists only after they are imported
_BACKENDS = ("cncl", "hccl", "mccl", "smddp")
_PROCESSES = (
    *("backend", "init_backend", "timeout", "world_size", "rank", "init_method", "store"),
    *("group_name", "device_id", "pg_options", "port"),
)
_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
_OPTIONS: dict[str, Rule] = {
    **dict.fromkeys(("resume", "resume_changed", "find_unused_parameters"), SWITCH),
    **dict.fromkeys(("disjoint_phases", "dry_run", "auto_scale_lr.enable"), SWITCH),
    **dict.fromkeys(("randomness.diff_rank_seed", "randomness.deterministic"), SWITCH),
    "env_cfg.cudnn_benchmark": SWITCH,
    "check_labels": (
        lambda value: value == "all" or (is_whole(value) and value >= 0),
        "a number of images from 0 on, or 'all'",
    ),
    "sync_bn": one_of(("torch", "mmcv")),
    "env_cfg.mp_cfg.mp_start_method": one_of(("fork", "forkserver", "spawn")),
    "env_cfg.mp_cfg.opencv_num_threads": WHOLE,
    "env_cfg.resource_limit": whole(1),
    # Python's timedelta overflows beyond 10^9 days
    "env_cfg.dist_cfg.timeout": number(
        lambda value: 0 < value < 10**9 * 86400, "a number of seconds > 0"
    ),
    "visualizer.alpha": number(lambda value: 0 <= value <= 1, "a number of 0..1"),
    "label": TEXT,
    **dict.fromkeys(SUBMODULES, (each(TEXT)[0], "the name of a part of the model, or several")),
    "compile": (
        lambda value: isinstance(value, (bool, Mapping)),
        "True, False or a dict of options",
    ),
    "auto_scale_lr.base_batch_size": (
        whole(1)[0],
        "a whole number >= 1, the images per step that the learning rate is meant for",
    ),
    "randomness.seed": (
        lambda value: is_whole(value) and 0 <= value < 2**32,
        f"a whole number of 0..{2**32 - 1}",
    ),
    "log_level": one_of((*_LEVELS, *(getattr(logging, name) for name in _LEVELS))),
}


def check_runner_options(cfg: Mapping, where: str = "") -> None:
    """Refuse options of the runner with an unknown name or of the wrong type.

    Raises:
        ValueError: Naming the key, its value and what would be right.
    """
    for place in _NEVER_NONE:
        parent, _, key = place.rpartition(".")
        node = at(cfg, parent) if parent else cfg
        if isinstance(node, (Config, Mapping)) and key in node and node[key] is None:
            raise ValueError(f"{where}{place} is None; set it, or leave it out")
    for place, known in _KNOWN.items():
        _check_keys(at(cfg, place), f"{where}{place}", known)
    _check_processes(at(cfg, "env_cfg.dist_cfg"), f"{where}env_cfg.dist_cfg")
    for place, rule in _OPTIONS.items():
        check_option(at(cfg, place), if_set(rule), f"{where}{place}")
    check_log_options(cfg.get("log_processor"), f"{where}log_processor")
    if at(cfg, "auto_scale_lr.enable"):
        key = "auto_scale_lr.base_batch_size"
        check_option(at(cfg, key), _OPTIONS[key], f"{where}{key}")


def _check_keys(node: Any, place: str, known: tuple[str, ...]) -> None:
    if node is not None and not isinstance(node, Mapping):
        raise ValueError(f"{place} must be a dict, got {node!r}")
    for key in node or {}:
        if key not in known and key != "_delete_":
            raise ValueError(f"{place}.{key}: {unknown(str(key), known)}")


def _check_processes(node: Any, place: str) -> None:
    """Check the options of the process group, which matter with several processes only."""
    if node is None:
        return
    if not isinstance(node, Mapping):
        raise ValueError(f"{place} must be a dict, got {node!r}")
    # other keys are passed to torch's init_process_group, which refuses them by name
    for key in node:
        if key not in _PROCESSES and (meant := near_miss(str(key), _PROCESSES)):
            raise ValueError(f"{place}.{key}: unknown key; did you mean {meant!r}?")
    backend, known = node.get("backend"), [*Backend.backend_list[1:], *_BACKENDS]
    for part in str(backend).split(",") if backend is not None else ():  # "cpu:gloo,cuda:nccl"
        name = part.rpartition(":")[2].lower()
        if name not in known:
            raise ValueError(
                f"{place}.backend must be one of {known}, got {backend!r}{hint(name, known)}"
            )
