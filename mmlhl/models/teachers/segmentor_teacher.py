"""Any mmseg segmentor as a frozen teacher of another one."""

from __future__ import annotations

import copy
import os.path as osp
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger, print_log
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn

from ...checkpoints import weights_of
from ...config_files import config_file, read_config
from .exact_loading import load_exactly
from .freezing import freeze
from .stored_inputs import check_stored_input


def model_config(config: str | Mapping | Config, name: str = "teacher.config") -> dict:
    """The model's config in a config file, a whole config or a model's config.

    For a :class:`DistilledSegmentor` it is the student's config. As in mmengine's runner, a
    ``data_preprocessor`` beside the model is used if the model has none.

    Args:
        config: File name, or that of a shipped config, or a dict.
        name: What the config is, for messages.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the config has no model.
    """
    model: Any = config
    if isinstance(config, str):
        try:
            model = read_config(config_file(config))
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{name}: {error}") from None
    outer = None
    if "type" not in model and "model" in model:
        outer = model.get("data_preprocessor")
        model = model["model"]
    if not isinstance(model, (Mapping, Config)) or "type" not in model:
        given = f"{name}={config!r}" if isinstance(config, str) else name
        raise ValueError(f"{given} has no model=dict(type=...)")
    model = ConfigDict(copy.deepcopy(dict(model)))
    if outer is not None:
        model.setdefault("data_preprocessor", copy.deepcopy(outer))
    if "student" not in model:
        return model
    outer = model.get("data_preprocessor")
    return model_config(dict(model=model["student"], data_preprocessor=outer), name)


def load_frozen_weights(model: nn.Module, checkpoint: str) -> None:
    """Load a checkpoint strictly; only weights of auxiliary heads may be missing.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If keys are missing or of another shape; names the first few. If the
            checkpoint was trained with another normalisation or channel order.
    """
    if "://" not in checkpoint and not osp.isfile(checkpoint):
        raise FileNotFoundError(
            f"teacher.checkpoint: there is no file {checkpoint!r}; train the teacher first, or "
            "give the file of a trained one"
        )
    print_log(f"teacher: {checkpoint}, frozen", "current")
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu", logger="silent")
    check_stored_input(model, loaded, f"teacher.checkpoint {checkpoint!r}")
    load_exactly(
        model,
        weights_of(loaded),
        f"teacher.checkpoint {checkpoint!r} does not fit teacher.config",
        optional=lambda key: (
            key.startswith("auxiliary_head.") or key.endswith("num_batches_tracked")
        ),  # never used in evaluation
    )


def build_frozen_segmentor(config: str | dict, checkpoint: str | None = None) -> nn.Module:
    """Build a segmentor with a checkpoint's weights, in evaluation mode and without gradients.

    Args:
        config: See :func:`model_config`.
        checkpoint: See :func:`load_frozen_weights`; None leaves the weights random, for trying
            things out, and warns.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint does not fit the config.
    """
    model = MODELS.build(model_config(config))
    if checkpoint is None:
        MMLogger.get_current_instance().warning(
            "teacher.checkpoint is None: the teacher's weights are random, it teaches nothing"
        )
    else:
        load_frozen_weights(model, checkpoint)
    return freeze(model)
