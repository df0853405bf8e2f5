"""Options of mmengine's runner that it ignores, or fails on once a sequence has begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from torch.distributed import Backend

from ....config_values import is_number, is_whole
from ....spelling import hint, near_miss, unknown
from .log_options import check_log_options

#: boolean options
_SWITCHES = ("resume", "resume_changed", "find_unused_parameters", "disjoint_phases", "dry_run")
#: known keys of dictionaries of options; mmengine ignores others, except in ``randomness``
_KNOWN = {
    "randomness": ("seed", "diff_rank_seed", "deterministic"),
    "env_cfg": ("cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"),
    "env_cfg.mp_cfg": ("mp_start_method", "opencv_num_threads"),
    "auto_scale_lr": ("enable", "base_batch_size"),
}
#: for which mmengine has a default, but fails on None
_NEVER_NONE = ("log_level", "env_cfg", "env_cfg.mp_cfg", "env_cfg.resource_limit")
#: third-party backends, which torch lists only after they are imported
_BACKENDS = ("cncl", "hccl", "mccl", "smddp")
_START_METHODS = ("fork", "forkserver", "spawn")
_PROCESSES = (
    *("backend", "init_backend", "timeout", "world_size", "rank", "init_method", "store"),
    *("group_name", "device_id", "pg_options", "port"),
)
#: seconds that a process group can wait at most; Python's timedelta overflows beyond 10^9 days
_LONGEST = 10**9 * 86400
_SYNC_BN = (None, "torch", "mmcv")


def check_runner_options(cfg: Mapping, where: str = "") -> None:
    """Refuse options of the runner with an unknown name or of the wrong type.

    Raises:
        ValueError: Naming the key, its value and what would be right.
    """
    for key in _SWITCHES:
        _check_switch(cfg.get(key), f"{where}{key}")
    labels = cfg.get("check_labels")
    if labels not in (None, "all") and not (is_whole(labels) and labels >= 0):
        raise ValueError(
            f"{where}check_labels must be a number of images from 0 on, or 'all', got {labels!r}"
        )
    for place in _NEVER_NONE:
        parent, _, key = place.rpartition(".")
        node = _inner(cfg, parent) if parent else cfg
        if isinstance(node, (Config, Mapping)) and key in node and node[key] is None:
            raise ValueError(f"{where}{place} is None; set it, or leave it out")
    for place, known in _KNOWN.items():
        _check_keys(_inner(cfg, place), f"{where}{place}", known)
    for key in ("diff_rank_seed", "deterministic"):
        _check_switch(_inner(cfg, f"randomness.{key}"), f"{where}randomness.{key}")
    _check_switch(_inner(cfg, "env_cfg.cudnn_benchmark"), f"{where}env_cfg.cudnn_benchmark")
    _check_choice(cfg.get("sync_bn"), f"{where}sync_bn", _SYNC_BN)
    method = _inner(cfg, "env_cfg.mp_cfg.mp_start_method")
    _check_choice(method, f"{where}env_cfg.mp_cfg.mp_start_method", (None, *_START_METHODS))
    _check_processes(_inner(cfg, "env_cfg.dist_cfg"), f"{where}env_cfg.dist_cfg")
    for place in ("env_cfg.mp_cfg.opencv_num_threads", "env_cfg.resource_limit"):
        value = _inner(cfg, place)
        if value is not None and not is_whole(value):
            raise ValueError(f"{where}{place} must be a whole number, got {value!r}")
    files = _inner(cfg, "env_cfg.resource_limit")
    if files is not None and files < 1:  # mmengine only raises the number of open files
        raise ValueError(f"{where}env_cfg.resource_limit must be at least 1, got {files!r}")
    opacity = _inner(cfg, "visualizer.alpha")
    if opacity is not None and not (is_number(opacity) and 0 <= opacity <= 1):
        raise ValueError(f"{where}visualizer.alpha must be a number of 0..1, got {opacity!r}")
    if not isinstance(cfg.get("label"), (str, type(None))):
        raise ValueError(f"{where}label must be one string, got {cfg['label']!r}")
    check_log_options(cfg.get("log_processor"), f"{where}log_processor")
    compiled = cfg.get("compile")
    if compiled is not None and not isinstance(compiled, (bool, Mapping)):
        raise ValueError(
            f"{where}compile must be True, False or a dict of options, got {compiled!r}"
        )
    _check_scaling(cfg.get("auto_scale_lr"), f"{where}auto_scale_lr")


def _inner(cfg: Mapping, place: str) -> Any:
    node: Any = cfg
    for part in place.split("."):
        node = node.get(part) if hasattr(node, "get") else None
    return node


def _check_switch(value: Any, place: str) -> None:
    # any text would be true, even "False"
    if value is not None and not isinstance(value, bool) and value not in (0, 1):
        raise ValueError(f"{place} must be True or False, got {value!r}")


def _check_keys(node: Any, place: str, known: tuple[str, ...]) -> None:
    if node is not None and not isinstance(node, Mapping):
        raise ValueError(f"{place} must be a dict, got {node!r}")
    for key in node or {}:
        if key not in known and key != "_delete_":
            raise ValueError(f"{place}.{key}: {unknown(str(key), known)}")


def _check_choice(value: Any, place: str, choices: tuple) -> None:
    if value not in choices:
        raise ValueError(f"{place} must be one of {list(choices)}, got {value!r}")


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
    timeout = node.get("timeout")
    if timeout is not None and not (is_number(timeout) and 0 < timeout < _LONGEST):
        raise ValueError(f"{place}.timeout must be a number of seconds > 0, got {timeout!r}")


def _check_scaling(node: Mapping | None, place: str) -> None:
    if not node:
        return
    _check_switch(node.get("enable"), f"{place}.enable")
    size = node.get("base_batch_size")
    fits = is_whole(size) and size >= 1
    if not fits and (size is not None or node.get("enable")):
        raise ValueError(
            f"{place}.base_batch_size must be a whole number >= 1, the images per step that the "
            f"learning rate is meant for, got {size!r}"
        )
