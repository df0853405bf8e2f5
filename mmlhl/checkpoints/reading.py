"""Reading a checkpoint as data."""

from __future__ import annotations

import errno
import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from . import restricted
from .checksums import ChangedArchiveError, check_parts
from .forged import bad_weight, shadowed_method, unusual_tensor
from .meta_checks import meta_problem
from .other_kinds import other_kind
from .poison import negative_variances, poisoned
from .safe_globals import RESTRICTED_SINCE, torch_version
from .safetensors_files import is_safetensors, read_safetensors
from .sizes import spread_problem, tensor_size_problem, unpacked_size_problem
from .stored_config import defuse
from .trust import FLAG, checkpoints_are_trusted
from .weights import weights_of

#: what torch raises for a file that is no checkpoint
_MALFORMED = (RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError)
_GLOBAL = re.compile(r"GLOBAL (\S+)")


class CheckpointError(ValueError):
    """A file that is not a checkpoint, or is cut short."""


class UntrustedCheckpointError(CheckpointError):
    """A checkpoint that holds more than data."""


class CheckpointMemoryError(CheckpointError, MemoryError):
    """A checkpoint that needs more memory than there is; nothing is known of the file."""


class PoisonedCheckpointError(CheckpointError):
    """A checkpoint with weights that are not finite or variances below 0."""


def read_checkpoint(path: str | os.PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint file without running anything in it.

    Args:
        path: A file that ``torch.save`` wrote, or a safetensors file by its suffix.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        UntrustedCheckpointError: If it holds more than data and ``--trust-checkpoint`` is absent;
            names the file and the object that it needs.
        PoisonedCheckpointError: If weights are NaN or infinite, or variances negative.
        CheckpointError: If it is not a checkpoint, cut short, or changed since it was written.
    """
    path = os.path.expanduser(os.fspath(path))
    if not os.path.isfile(path):
        raise FileNotFoundError(folder_of_models(path) or f"there is no checkpoint {path}")
    try:
        too_large = unpacked_size_problem(path)
        if too_large:
            raise CheckpointError(f"{path} is not a checkpoint: {too_large}")
        check_parts(path)
        foreign = other_kind(path)
    except ChangedArchiveError as error:
        raise CheckpointError(f"{path} is damaged: {error}. Take another copy of it") from error
    if foreign:
        raise CheckpointError(f"{path} is not a checkpoint: {foreign}")
    try:
        content = _read(path, map_location)
    except UntrustedCheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise _refusal(path, error) from error
    except MemoryError as error:
        raise CheckpointMemoryError(f"{path} needs more memory than there is") from error
    except (*_MALFORMED, OSError) as error:
        # an offset before the file's beginning is of the file, any other OSError of the disk
        of_disk = isinstance(error, OSError) and error.errno != errno.EINVAL
        if checkpoints_are_trusted() or of_disk or isinstance(error, torch.cuda.OutOfMemoryError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is not a checkpoint, or is cut short: {reason}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, a checkpoint is a dict")
    for problem_of in (shadowed_method, spread_problem, unusual_tensor, tensor_size_problem):
        problem = problem_of(content)
        if problem:
            raise CheckpointError(f"{path} is damaged: {problem}")
    _check_parts(content, path)
    defuse(content, path)
    bad = poisoned(weights_of(content))
    if bad:
        key, count = next(iter(bad.items()))
        more = f" and {len(bad) - 1} other weights" if len(bad) > 1 else ""
        raise PoisonedCheckpointError(
            f"the checkpoint {path} is of a training that went wrong: {count} values of {key} are "
            f"NaN or infinite{more}; take an earlier one"
        )
    negative = negative_variances(weights_of(content))
    if negative:
        raise PoisonedCheckpointError(
            f"the checkpoint {path} is of a training that went wrong: {negative[0]}, a variance, "
            "has values below 0; take an earlier one"
        )
    return content


def _check_parts(content: dict[str, Any], path: str) -> None:
    """Refuse a checkpoint with a part that should be a dict, or of another type, and is not."""
    meta = content.get("meta")
    parts = {key: content.get(key) for key in ("state_dict", "meta", "message_hub")}
    if isinstance(meta, dict):
        parts["meta.dataset_meta"] = meta.get("dataset_meta")
    for key, value in parts.items():
        if value is None and not (key == "state_dict" and key in content):
            continue
        if not isinstance(value, Mapping):
            raise CheckpointError(
                f"{path} is not a checkpoint: its {key} is a {type(value).__name__}, not a dict"
            )
    wrong = meta_problem(meta) if isinstance(meta, Mapping) else None
    wrong = wrong or bad_weight(content.get("state_dict") or {})
    if wrong:
        raise CheckpointError(f"{path} is damaged: {wrong}")


def folder_of_models(path: str | os.PathLike) -> str:
    """The message about a folder that was given as a checkpoint.

    Returns:
        A message with the models in the folder: those of finished phases, otherwise the newest
        file; empty if it is not a folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        return ""
    files = [*folder.glob("phase_*/*.pth"), *folder.glob("*.pth")]
    models = sorted(file for file in files if file.absolute().parent.name.endswith(f"_{file.stem}"))
    models = models or sorted(files, key=os.path.getmtime)[-1:]
    found = f"; its models: {', '.join(map(str, models))}" if models else ", and without any"
    return f"{path}: a folder, not a checkpoint{found}"


def _read(path: str, map_location: Any) -> Any:
    if is_safetensors(path):
        content = read_safetensors(path)
        if isinstance(map_location, (str, torch.device)):
            state = content["state_dict"]
            content["state_dict"] = {key: value.to(map_location) for key, value in state.items()}
        return content
    if checkpoints_are_trusted():
        return torch.load(path, map_location=map_location, weights_only=False)
    if torch_version() < RESTRICTED_SINCE:
        return torch.load(path, map_location=map_location, pickle_module=restricted)
    return torch.load(path, map_location=map_location, weights_only=True)


def _refusal(path: str, error: Exception) -> UntrustedCheckpointError:
    found = _GLOBAL.search(str(error))
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if found:
        what = f"it asks for {found[1]}"
    else:
        what = next((line for line in lines if "checkpoint" in line), lines[-1] if lines else "")
    return UntrustedCheckpointError(
        f"the checkpoint {path} holds more than data: {what}. Nothing of it was run. If you trust "
        f"whoever made it, run the command again with {FLAG}; from Python, use "
        "mmlhl.checkpoints.checkpoint_trust(True)"
    )
