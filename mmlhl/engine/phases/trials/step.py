"""A small training step and a prediction, to check that shapes and options fit."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.structures import PixelData
from torch import Tensor

from ....datasets.transforms.trials.batches import KEY_OF_AUGMENTS, try_batches
from ....explaining import explained_error
from ..checking.normalisation import check_range
from ..phase_model import PhaseModel
from .parts import naming_parts
from .preprocessor import check_padding, try_in_tests, try_preprocessor

#: greatest height and width of images in a trial step; larger ones are cropped
SIDE = 64
#: images with more pixels are not predicted in a trial
PIXELS = 2**19


def trial_step(model: PhaseModel, batch: Any) -> dict[str, Tensor]:
    """Compute the losses of a batch and their gradients, as the training loop does.

    Large images are cropped to 64 pixels per side; if the network fails on that, the whole images
    are tried.

    Raises:
        ValueError: If a loss is not finite, no weight would be trained, an augmentation of
            batches or the data preprocessor moves images or labels alone, or images are normalised
            for another range.
    """
    model.train()
    samples = batch.get("data_samples") or ()
    augment = getattr(model.data_preprocessor, "batch_augments", None)
    try_batches(augment, KEY_OF_AUGMENTS, samples)
    try_preprocessor(model.data_preprocessor, batch["inputs"], samples)
    check_range(model.data_preprocessor, batch["inputs"])
    data = _preprocessed(model.data_preprocessor, batch)
    inputs, samples = data["inputs"], data["data_samples"]
    if isinstance(inputs, (list, tuple)):
        kind = type(model.data_preprocessor).__name__
        raise ValueError(
            f"model.data_preprocessor: {kind} makes no batch of the images: write "
            "dict(type='SegDataPreProcessor', size=..., mean=..., std=...)"
        )
    check_padding(model.data_preprocessor, samples)
    with naming_parts(model):
        if max(inputs.shape[2:]) > SIDE:
            small = cut(inputs, samples)
            try:
                return _step(model, *small)
            except Exception:  # the network may need another size; try the whole images
                model.zero_grad(set_to_none=True)
        return _step(model, inputs, samples)


def _preprocessed(preprocessor: Any, batch: Any) -> Any:
    """A batch as the model takes it; mmseg's preprocessor checks its options at the first batch."""
    try:
        return preprocessor(batch, training=True)
    except Exception as error:  # a preprocessor of one's own may raise anything
        given = [getattr(preprocessor, key, 0) for key in ("size", "size_divisor")]
        text = explained_error(error)
        if given == [None, None]:
            text = "size is missing, or size_divisor: write size=(height, width) of training images"
        elif None not in given and given != [0, 0]:
            text = f"size={given[0]!r} and size_divisor={given[1]!r} exclude each other"
        raise ValueError(f"model.data_preprocessor: {text}") from error


def _step(model: PhaseModel, inputs: Tensor, samples: list) -> dict[str, Tensor]:
    total, logged = trial_losses(model, inputs, samples)
    total.backward()
    model.zero_grad(set_to_none=True)
    return logged


def trial_losses(
    model: PhaseModel, inputs: Tensor, samples: list
) -> tuple[Tensor, dict[str, Tensor]]:
    """The sum of a step's losses, and the losses by name.

    Args:
        model: The model.
        inputs: Images ``(N, 3, H, W)``.
        samples: Their data samples.

    Raises:
        ValueError: If a loss is not finite, or no weight would be trained.
    """
    losses = model.loss(inputs, samples)
    _check_names(model, list(losses))
    total, logged = model.parse_losses(losses)
    wrong = [name for name, value in logged.items() if not torch.isfinite(value).all()]
    if wrong:
        raise ValueError(f"the loss {wrong[0]} is {float(logged[wrong[0]])} on the first images")
    if not total.requires_grad:
        raise ValueError(f"the losses {list(logged)} depend on no weight: nothing would be trained")
    return total, dict(logged)


def _check_names(model: PhaseModel, names: list[str]) -> None:
    """Check that each new task has a loss; for mmengine that is a value with 'loss' in its name."""
    for task in getattr(model, "new_tasks", ()):  # mmseg's segmentors have none
        own = [name.removeprefix(f"{task}.") for name in names if name.startswith(f"{task}.")]
        if not any("loss" in name for name in own):
            raise ValueError(
                f"model.heads.{task}: its loss gives {own or 'nothing'}, of which nothing is "
                "trained: a value is a loss if its name contains 'loss'"
            )


def cut(inputs: Tensor, samples: list) -> tuple[Tensor, list]:
    """Crop a batch and its labels to their upper left corner."""
    height, width = (min(SIDE, side) for side in inputs.shape[2:])
    out = []
    for sample in samples:
        sample = sample.clone()
        for key in sample.keys():
            value = sample.get(key)
            if isinstance(value, PixelData) and "data" in value:
                sample.set_data({key: PixelData(data=value.data[..., :height, :width])})
        left, right, top, bottom = sample.metainfo.get("padding_size", (0, 0, 0, 0))
        right = max(0, right - (inputs.shape[3] - width))
        bottom = max(0, bottom - (inputs.shape[2] - height))
        size = (height, width)
        meta = dict(img_shape=size, pad_shape=size, padding_size=(left, right, top, bottom))
        sample.set_metainfo(meta)
        out.append(sample)
    return inputs[:, :, :height, :width].contiguous(), out


@torch.no_grad()
def trial_prediction(model: PhaseModel, batch: Any) -> tuple[list, Any] | None:
    """Samples with predictions as in tests, and the batch; None if its images are large.

    Raises:
        ValueError: If a data preprocessor moves images that predictions would not follow.
    """
    model.eval()
    try_in_tests(model.data_preprocessor, batch["inputs"])
    data = model.data_preprocessor(batch, training=False)
    if data["inputs"].shape[2:].numel() > PIXELS:
        return None
    return model.predict(data["inputs"], data["data_samples"]), data
