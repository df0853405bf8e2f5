"""Publishing a checkpoint: the weights for prediction, and a description of the model."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from ..checkpoints import StoredConfigError, stored_config, stored_tasks, to_plain
from ..checkpoints.safetensors_files import is_safetensors, write_safetensors
from ..engine.phases.checking.signatures import default_of
from ..explaining import explained_error, first_few
from ..files import atomic_path, write_bytes
from ..models.teachers import model_config
from ..registered import registered_class
from ..spelling import hint
from ..visualization.map_colours import UNITS
from .unfinished import UNFINISHED, say_unfinished, unfinished

#: Prefixes of weights that only training needs: projectors of a distilled segmentor.
TRAINING_ONLY = ("distillers.",)
#: Entries of the meta that a published checkpoint keeps.
META = ("dataset_meta", "input", "tasks", "epoch", "iter", "seed", "mmengine_version")


def plain_config(checkpoint: Mapping[str, Any], source: str) -> str | None:
    """The config in a checkpoint, with a distilled segmentor replaced by its student.

    Returns:
        The config's text; None if the checkpoint has no config.

    Raises:
        StoredConfigError: If the config is not plain data.
    """
    stored = stored_config(checkpoint, source)
    if stored is None:
        return None
    try:
        cfg = Config(stored)
        if "student" in cfg.get("model", {}):
            cfg.model = model_config(cfg, f"the config in {source}")
        return cfg.pretty_text
    except Exception as error:  # yapf's errors for what cannot be written as Python
        reason = explained_error(error).splitlines()[0][:200]
        raise StoredConfigError(
            f"the config in {source} cannot be written as text: {reason}"
        ) from error


def outputs_of(cfg: Mapping[str, Any], dataset_meta: Mapping[str, Any]) -> dict[str, dict]:
    """Kind and unit of the maps of each task.

    Args:
        cfg: Config of a model with ``heads``; for other models the result is empty.
        dataset_meta: Meta information of the checkpoint; ``<field>_unit`` overrides the unit of
            the kind.
    """
    found = {}
    heads = cfg.get("model", {}).get("heads")
    for task, head in heads.items() if isinstance(heads, Mapping) else ():
        kind: Any = registered_class(MODELS, head.get("type"))
        if kind is None:  # a class of a package that is not imported here
            continue
        field = head.get("field", default_of(kind, "field"))
        unit = dataset_meta.get(f"{field}_unit", UNITS.get(kind.kind, ""))
        found[task] = dict(kind=kind.kind, unit=unit)
    return found


def publish(
    checkpoint: Mapping[str, Any],
    drop: tuple[str, ...] = TRAINING_ONLY,
    source: str = "the checkpoint",
    half: bool = False,
) -> dict[str, Any]:
    """Reduce a checkpoint to the parts that prediction needs.

    Args:
        checkpoint: As mmengine saves it.
        drop: Prefixes of the weights to leave out; each must fit one, except for the default's.
        source: Its file, for messages.
        half: Store kernels and matrices as 16-bit floats, which halves the file; statistics, biases
            and the weights of norms keep their type, as do values beyond 65504. A model that loads
            them has 32 bits again.

    Returns:
        The weights, and a meta that describes the model, with the config of the plain student and,
        under ``outputs``, the kind and unit of each task's maps, and ``unfinished`` if it is from
        the middle of a phase, which is logged as well. Optimizer, schedulers, log and
        the second weights of EMA are left out. It is plain data and tensors, which
        ``torch.load(..., weights_only=True)`` reads without mmlhl.

    Raises:
        ValueError: If there are no weights, or none would be left, a prefix fits none, or the
            config is not plain data.
    """
    if "state_dict" not in checkpoint:
        found = first_few(map(repr, checkpoint), separator=", ")
        raise ValueError(
            f"{source} has no 'state_dict', only {found}; give the file that the training saved"
        )
    weights = checkpoint["state_dict"]
    _check_drop(drop, weights, source)
    given = checkpoint.get("meta") or {}
    meta = {key: to_plain(given[key], f"meta.{key}") for key in META if key in given}
    text = plain_config(checkpoint, source)
    if text is not None:
        meta["cfg"] = text
        cfg = stored_config(checkpoint, source) or {}
        outputs = outputs_of(cfg, meta.get("dataset_meta") or {})
        progress = unfinished(checkpoint, cfg)
        if progress:
            meta[UNFINISHED] = progress
            say_unfinished(checkpoint, cfg, source)
        there = stored_tasks(weights)
        meta["outputs"] = {task: what for task, what in outputs.items() if task in there}
    kept = {key: value for key, value in weights.items() if not key.startswith(drop)}
    if half:
        kept = {key: _halved(value) for key, value in kept.items()}
    return dict(meta=meta, state_dict=kept)


def _check_drop(drop: tuple[str, ...], weights: Mapping[str, Any], source: str) -> None:
    """Refuse prefixes without effect, and those that leave nothing."""
    parts = dict.fromkeys(key.partition(".")[0] + "." for key in weights)
    for prefix in drop:
        if prefix not in TRAINING_ONLY and not any(key.startswith(prefix) for key in weights):
            near = hint(prefix, [*parts])
            raise ValueError(
                f"drop: no weight of {source} begins with {prefix!r}{near}; there are {list(parts)}"
            )
    if all(key.startswith(drop) for key in weights):
        raise ValueError(f"drop: {list(drop)} leaves no weight of {source}")


def write_published(path: str | os.PathLike, published: Mapping[str, Any]) -> None:
    """Write a published checkpoint in one atomic step.

    Args:
        path: The file; one that ends in ``.safetensors`` gets that format.
        published: As :func:`publish` returned it.

    Raises:
        ValueError: If its ending is that of an exported graph.
    """
    if str(path).lower().endswith((".onnx", ".pt2")):
        raise ValueError(
            f"{path}: the ending is that of an exported graph, which mmlhl export writes; a "
            "published checkpoint ends in .pth or .safetensors"
        )
    if is_safetensors(str(path)):
        with atomic_path(path) as temporary:
            write_safetensors(str(temporary), published["state_dict"], published["meta"])
        return
    # torch's own writing to a file would hide that the disk is full
    buffer = io.BytesIO()
    torch.save(published, buffer)
    write_bytes(path, buffer.getvalue())


def _halved(value: Any) -> Any:
    """A kernel or matrix in 16 bits, unless one of its values is beyond their range."""
    if not (isinstance(value, torch.Tensor) and value.dtype is torch.float32 and value.ndim > 1):
        return value
    half = value.half()
    return half if half.isfinite().all() else value
