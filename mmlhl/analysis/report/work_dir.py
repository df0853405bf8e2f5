"""Reading the configs and logs of a run's phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...checkpoints.stored_config import StoredConfigError, parse_config_text
from ...datasets.wrappers import innermost_configs
from ...evaluation.record import LifelongRecord
from ..phase_logs import read_phase_logs


def folder_of(record: LifelongRecord) -> Path | None:
    """The work dir that a record was read from, None if it was made in memory."""
    return None if record.path is None else record.path.parent


def phase_folder(record: LifelongRecord, index: int) -> Path | None:
    """Folder of a phase, None if it does not exist.

    Args:
        record: The record.
        index: The phase, from 0.
    """
    root = folder_of(record)
    if root is None:
        return None
    found = [path for path in root.glob(f"phase_{index + 1}_*") if path.is_dir()]
    named = root / f"phase_{index + 1}_{record.phases[index].get('name')}"
    return named if named in found else next(iter(sorted(found)), None)


def config_file(record: LifelongRecord, index: int) -> Path | None:
    """The config that mmengine wrote for a phase, the newest if there are several."""
    folder = phase_folder(record, index)
    files = sorted(folder.glob("*.py")) if folder else []
    root = folder.resolve() if folder else None
    # the report shows it, and a link could name any file of this machine
    files = [file for file in files if file.resolve().parent == root]
    return files[-1] if files else None


def phase_config_of(record: LifelongRecord, index: int) -> dict[str, Any] | None:
    """The config of a phase, read as data without running it.

    Returns:
        The config; None if there is no file, or it contains more than data.
    """
    file = config_file(record, index)
    if file is None:
        return None
    try:
        return parse_config_text(file.read_text(encoding="utf-8"), str(file))
    except (StoredConfigError, ValueError, OSError):
        return None


def peak_memory(record: LifelongRecord, index: int) -> float | None:
    """Peak GPU memory in MB, from the logs of a phase; None if they have none."""
    root = folder_of(record)
    found = [
        line["memory"]
        for phase in (read_phase_logs(root) if root else ())
        for line in (line for source in phase.sources for line in source)
        if phase.number == index + 1 and isinstance(line.get("memory"), int | float)
    ]
    return max(found, default=None)


def settings(cfg: Mapping[str, Any]) -> dict[str, str]:
    """The most important settings of a config.

    Returns:
        Text by name, only for settings that the config has.
    """
    model, optim = _dict(cfg.get("model")), _dict(cfg.get("optim_wrapper"))
    loader, loop = _dict(cfg.get("train_dataloader")), _dict(cfg.get("train_cfg"))
    part = next(innermost_configs(loader.get("dataset")), {}).get("part")
    schedulers = cfg.get("param_scheduler") or ()
    schedulers = [schedulers] if isinstance(schedulers, Mapping) else schedulers
    start = cfg.get("load_from")
    iterations, epochs = loop.get("max_iters"), loop.get("max_epochs")
    found = {
        "method": _call(model.get("method")),
        "backbone": _name(model.get("backbone")),
        "starts from": "/".join(Path(str(start)).parts[-2:]) if start else None,
        "length": f"{iterations} iterations"
        if iterations
        else (f"{epochs} epochs" if epochs else None),
        "images per step and process": loader.get("batch_size"),
        "part of the images": f"{part[0] + 1} of {part[1]}" if part and _is_part(part) else None,
        "optimizer": _call(optim.get("optimizer")),
        "optimizer wrapper": optim.get("type"),
        "steps of accumulation": optim.get("accumulative_counts"),
        "schedule": ", ".join(_name(s) or "" for s in schedulers),
        "randomness": _call(cfg.get("randomness")),
        "launcher": cfg.get("launcher"),
    }
    return {name: str(value) for name, value in found.items() if value not in (None, "", {})}


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_part(value: object) -> bool:
    return (
        isinstance(value, Sequence) and len(value) == 2 and all(isinstance(v, int) for v in value)
    )


def _name(value: object) -> str | None:
    kind = _dict(value).get("type")
    return None if kind is None else str(kind).rpartition(".")[2]


def _call(value: object) -> str | None:
    """A dict as ``Type(key=value)``."""
    if not isinstance(value, Mapping):
        return None
    arguments = ", ".join(f"{key}={item!r}" for key, item in value.items() if key != "type")
    name = _name(value)
    return arguments if name is None else (f"{name}({arguments})" if arguments else name)
