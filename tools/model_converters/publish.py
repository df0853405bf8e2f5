"""Make a checkpoint fit to be passed on: only the weights that a prediction needs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS

from mmlhl.checkpoints import (
    add_trust_argument,
    checkpoint_trust,
    stored_config,
    stored_tasks,
    to_plain,
)
from mmlhl.checkpoints.safetensors_files import is_safetensors, write_safetensors
from mmlhl.command_line import Parser
from mmlhl.files import atomic_path
from mmlhl.inference.task_maps import UNITS
from mmlhl.models.teachers import model_config
from mmlhl.registered import registered_class

# What only training needs: projectors of a distilled segmentor.
TRAINING_ONLY = ("distillers.",)
#: What a published checkpoint says of the model.
META = ("dataset_meta", "input", "tasks", "epoch", "iter", "seed", "mmengine_version")


def plain_config(checkpoint: Mapping[str, Any], source: str) -> str | None:
    """The config in a checkpoint, with a distilled segmentor replaced by its student.

    Args:
        checkpoint: as mmengine saves it.
        source: its file, for messages.

    Returns:
        The config's text; None if the checkpoint has no config.

    Raises:
        StoredConfigError: if that is no plain data.
    """
    stored = stored_config(checkpoint, source)
    if stored is None:
        return None
    cfg = Config(stored)
    if "student" in cfg.get("model", {}):
        cfg.model = model_config(cfg)
    return cfg.pretty_text


def outputs_of(cfg: Mapping[str, Any], dataset_meta: Mapping[str, Any]) -> dict[str, dict]:
    """What the maps of each task are: their kind and their unit.

    Args:
        cfg: config of a model with ``heads``; another one has no outputs to describe.
        dataset_meta: of the checkpoint; ``<field>_unit`` says a unit that is not the kind's own.
    """
    found = {}
    for task, head in (cfg.get("model", {}).get("heads") or {}).items():
        kind = registered_class(MODELS, head.get("type"))
        if kind is None:  # of a package that is not imported here
            continue
        option = inspect.signature(kind.__init__).parameters.get("field")
        field = head.get("field", option.default if option else "")
        unit = dataset_meta.get(f"{field}_unit", UNITS.get(kind.kind, ""))
        found[task] = dict(kind=kind.kind, unit=unit)
    return found


def publish(
    checkpoint: Mapping[str, Any],
    drop: tuple[str, ...] = TRAINING_ONLY,
    source: str = "the checkpoint",
) -> dict[str, Any]:
    """What is left of a checkpoint for prediction.

    Args:
        checkpoint: as mmengine saves it.
        drop: prefixes of the keys that are left out.
        source: its file, for messages.

    Returns:
        What its meta says of the model, with the config of the plain student and under
        ``outputs`` the kind and the unit of each task's maps, and its weights,
        without the optimizer, the schedulers, the log and the second weights of EMA. It is plain
        data and tensors, which ``torch.load(..., weights_only=True)`` reads without mmlhl.

    Raises:
        ValueError: if there are no weights, or the config is no plain data.
    """
    if "state_dict" not in checkpoint:
        raise ValueError(f"{source} has no 'state_dict', only {sorted(checkpoint)}")
    weights = checkpoint["state_dict"]
    given = checkpoint.get("meta") or {}
    meta = {key: to_plain(given[key], f"meta.{key}") for key in META if key in given}
    text = plain_config(checkpoint, source)
    if text is not None:
        meta["cfg"] = text
        cfg = stored_config(checkpoint, source) or {}
        outputs = outputs_of(cfg, meta.get("dataset_meta") or {})
        there = stored_tasks(weights)
        meta["outputs"] = {task: what for task, what in outputs.items() if task in there}
    kept = {key: value for key, value in weights.items() if not key.startswith(drop)}
    return dict(meta=meta, state_dict=kept)


def main() -> None:
    """Read a checkpoint and write the published one, whole or not at all."""
    parser = Parser(description=__doc__)
    parser.add_argument("checkpoint", help="checkpoint file of a training")
    parser.add_argument("out", help="file to write; .safetensors gives that format")
    parser.add_argument(
        "--drop",
        nargs="*",
        default=TRAINING_ONLY,
        metavar="PREFIX",
        help=f"keys to leave out, by prefix (default: {' '.join(TRAINING_ONLY)})",
    )
    add_trust_argument(parser)
    args = parser.parse_args()
    if not os.path.isfile(args.checkpoint):
        parser.error(f"there is no file {args.checkpoint}")
    with checkpoint_trust(args.trust_checkpoint):
        before = CheckpointLoader.load_checkpoint(args.checkpoint, map_location="cpu")
    after = publish(before, tuple(args.drop), args.checkpoint)
    with atomic_path(args.out) as temporary:
        if is_safetensors(args.out):
            write_safetensors(temporary, after["state_dict"], after["meta"])
        else:
            torch.save(after, temporary)
    dropped = len(before["state_dict"]) - len(after["state_dict"])
    size = os.path.getsize(args.out) / 2**20
    print(f"{args.out}: {len(after['state_dict'])} tensors, {dropped} left out, {size:.1f} MiB")
    for task, output in after["meta"].get("outputs", {}).items():
        print(f"  {task}: {output['kind']}{f', in {unit}' if (unit := output['unit']) else ''}")


if __name__ == "__main__":
    main()
