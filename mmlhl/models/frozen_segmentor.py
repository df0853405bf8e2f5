"""Any mmseg segmentor as a frozen teacher of another one."""

from __future__ import annotations

import copy
import os.path as osp

import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from torch import Tensor, nn

from .frozen import freeze


def model_config(config: str | dict) -> dict:
    """The model of a config: of a file, a whole config, or already a model.

    The student of a :class:`DistilledSegmentor` stands for it. As in mmengine's runner, a
    ``data_preprocessor`` beside the model is the model's if that has none.

    Args:
        config: File name, or a dict.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the config has no model.
    """
    model = config
    if isinstance(config, str):
        if not osp.isfile(config):
            raise FileNotFoundError(f"teacher.config: there is no file {config!r}")
        model = Config.fromfile(config)
    outer = None
    if "type" not in model and "model" in model:
        outer = model.get("data_preprocessor")
        model = model["model"]
    if "type" not in model:
        raise ValueError(f"teacher.config={config!r} has no model")
    model = ConfigDict(copy.deepcopy(dict(model)))
    if outer is not None:
        model.setdefault("data_preprocessor", copy.deepcopy(outer))
    if "student" not in model:
        return model
    outer = model.get("data_preprocessor")
    return model_config(dict(model=model["student"], data_preprocessor=outer))


def load_frozen_weights(model: nn.Module, checkpoint: str) -> None:
    """Loads a checkpoint in which nothing of the model may be missing, but auxiliary heads.

    Args:
        model: A segmentor.
        checkpoint: File name or any address that mmengine loads.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If keys are missing or of another shape; names the first few.
    """
    if "://" not in checkpoint and not osp.isfile(checkpoint):
        raise FileNotFoundError(
            f"teacher.checkpoint: there is no file {checkpoint!r}; train the teacher first, or "
            "give the file of a trained one"
        )
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    state = {
        key.removeprefix("module."): value
        for key, value in loaded.get("state_dict", loaded).items()
    }
    fitting, wrong = {}, []
    for key, value in model.state_dict().items():
        if key in state and state[key].shape == value.shape:
            fitting[key] = state[key]
        elif key.startswith("auxiliary_head.") or key.endswith("num_batches_tracked"):
            continue  # never used in evaluation
        elif key in state:
            wrong.append(f"{key} (is {tuple(state[key].shape)}, must be {tuple(value.shape)})")
        else:
            wrong.append(f"{key} (missing)")
    if wrong:
        raise ValueError(
            f"teacher.checkpoint {checkpoint!r} does not fit teacher.config: {len(wrong)} keys, "
            f"such as {', '.join(wrong[:5])}"
        )
    model.load_state_dict(fitting, strict=False)


def build_frozen_segmentor(config: str | dict, checkpoint: str | None = None) -> nn.Module:
    """A segmentor with a checkpoint's weights, in evaluation mode and without gradients.

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


def input_normalisation(preprocessor: nn.Module) -> tuple[Tensor | float, Tensor | float, bool]:
    """Mean, standard deviation and whether channels are swapped."""
    # The flag has another name in each of the two mmsegs.
    flags = ("channel_conversion", "_channel_conversion")
    swap = any(getattr(preprocessor, flag, False) for flag in flags)
    if not getattr(preprocessor, "_enable_normalize", False):
        return 0.0, 1.0, swap
    return preprocessor.mean, preprocessor.std, swap


def _same(a: Tensor | float, b: Tensor | float) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a, b)
    return type(a) is type(b) and a == b


def convert_inputs(
    inputs: Tensor,
    data_samples: list,
    source: nn.Module,
    target: nn.Module,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """A batch preprocessed for one model, as another model's preprocessor would have made it.

    Undoes the normalisation and channel order of ``source`` and applies those of ``target``; what
    the batching padded gets the padding value of ``target``.

    Args:
        inputs: ``(N, 3, H, W)``, put out by ``source``.
        data_samples: Of the batch, with ``padding_size`` (left, right, top, bottom) if padded.
        source: A ``SegDataPreProcessor``, on the inputs' device.
        target: Likewise.
        size: ``(H', W')`` that the result is resized to; None keeps the size.

    Returns:
        ``(N, 3, H', W')``; the inputs themselves if there is nothing to do.
    """
    source_mean, source_std, source_swap = input_normalisation(source)
    mean, std, swap = input_normalisation(target)
    pad_value = getattr(target, "pad_val", 0)
    alike = _same(source_mean, mean) and _same(source_std, std) and source_swap == swap
    if not (alike and pad_value == getattr(source, "pad_val", 0)):
        if not alike:
            inputs = inputs * source_std + source_mean
            inputs = inputs.flip(1) if source_swap != swap else inputs
            inputs = (inputs - mean) / std
        height, width = inputs.shape[2:]
        inside = torch.zeros_like(inputs[:, :1], dtype=torch.bool)
        for image, sample in zip(inside, data_samples, strict=True):
            left, right, top, bottom = sample.metainfo.get("padding_size", (0, 0, 0, 0))
            image[:, top : height - bottom, left : width - right] = True
        inputs = inputs.masked_fill(~inside, pad_value)
    if size is not None and tuple(inputs.shape[2:]) != tuple(size):
        inputs = F.interpolate(inputs, size=tuple(size), mode="bilinear", align_corners=False)
    return inputs
