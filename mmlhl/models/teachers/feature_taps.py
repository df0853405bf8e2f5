"""Reading feature maps out of a segmentor while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

LOGITS = "logits"
Tap = int | str


def _tapped_module(model: nn.Module, tap: Tap) -> str:
    """Name of the module whose output holds the tap."""
    if isinstance(tap, int):
        return "backbone"
    if tap == LOGITS:
        head = model.decode_head
        # The last stage of a cascade outputs the final logits.
        return f"decode_head.{len(head) - 1}" if isinstance(head, nn.ModuleList) else "decode_head"
    names = [name for name, _ in model.named_modules()]
    if tap not in names:
        near = get_close_matches(tap, names, n=3, cutoff=0)
        raise ValueError(
            f"tap {tap!r}: {type(model).__name__} has no such module; use an index of the "
            f"backbone's outputs, {LOGITS!r}, or a module's name such as {near}"
        )
    return tap


class FeatureTaps:
    """Records the outputs of some modules while the context is open.

    It wraps ``forward`` instead of registering a forward hook, because mmseg runs decode heads by
    ``head.forward(...)``, which calls no hooks. The wrapping is undone when the context closes.

    Args:
        model: A segmentor with ``backbone`` and ``decode_head``.
        taps: Each an index of the backbone's outputs (negative from the end), ``'logits'`` for
            the output of the decode head (the first of several), or a module's name.

    Raises:
        ValueError: If the model has no such module.
    """

    def __init__(self, model: nn.Module, taps: Iterable[Tap]) -> None:
        self._source = {tap: _tapped_module(model, tap) for tap in taps}
        self._modules = {name: model.get_submodule(name) for name in set(self._source.values())}
        self._before: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}

    def _recording(self, name: str, forward: Callable) -> Callable:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            output = self._outputs[name] = forward(*args, **kwargs)
            return output

        return recorded

    def __enter__(self) -> FeatureTaps:
        for name, module in self._modules.items():
            self._before[name] = module.__dict__.get("forward")
            module.__dict__["forward"] = self._recording(name, module.forward)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for name, module in self._modules.items():
            del module.__dict__["forward"]
            if self._before[name] is not None:
                module.__dict__["forward"] = self._before[name]

    def __getitem__(self, tap: Tap) -> Tensor:
        """The feature map ``(N, C, H, W)`` of a tap from the last run of its module.

        Raises:
            ValueError: If the module did not run, the index is out of range or the output is not
                such a map.
        """
        name = self._source[tap]
        if name not in self._outputs:
            raise ValueError(f"tap {tap!r}: the module {name!r} did not run")
        output = self._outputs[name]
        if isinstance(output, (tuple, list)):
            index = tap if isinstance(tap, int) else 0
            if isinstance(tap, str) and tap != LOGITS:
                raise ValueError(f"tap {tap!r}: the module outputs {len(output)} maps, not one")
            if not -len(output) <= index < len(output):
                raise ValueError(f"tap {tap!r}: the backbone outputs only {len(output)} maps")
            output = output[index]
        if not isinstance(output, Tensor) or output.ndim != 4:
            found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(f"tap {tap!r}: needs a map (N, C, H, W), the module gives {found}")
        return output


def run_for_taps(model: nn.Module, inputs: Tensor, taps: Iterable[Tap]) -> FeatureTaps:
    """Run as much of a segmentor as the taps need.

    Args:
        model: A segmentor.
        inputs: Preprocessed images ``(N, 3, H, W)``.
        taps: See :class:`FeatureTaps`.

    Returns:
        The filled taps.
    """
    taps = list(taps)
    encoder = all(isinstance(tap, int) or tap.split(".")[0] in ("backbone", "neck") for tap in taps)
    with FeatureTaps(model, taps) as filled:
        if encoder:
            model.extract_feat(inputs)
        elif isinstance(model.decode_head, nn.ModuleList):
            # A cascade has no _forward; its encode_decode resizes the logits needlessly.
            shape = tuple(inputs.shape[2:])
            metas = [dict(img_shape=shape, pad_shape=shape, ori_shape=shape)] * len(inputs)
            model.encode_decode(inputs, metas)
        else:
            model(inputs, mode="tensor")
    return filled


def blank_image(model: nn.Module, size: int) -> Tensor:
    """A black image ``(1, C, size, size)`` of as many channels as a segmentor takes."""
    weight = next(model.parameters())
    mean = getattr(model.data_preprocessor, "mean", None)
    channels = 3 if mean is None or mean.numel() == 1 else mean.numel()
    return torch.zeros(1, channels, size, size, device=weight.device, dtype=weight.dtype)


def _try_out(model: nn.Module, run: Callable[[Tensor], Any], size: int, hint: str) -> Any:
    """The result of ``run`` on a blank image, in evaluation mode; the model's mode is restored."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return run(blank_image(model, size))
    except RuntimeError as error:
        raise ValueError(
            f"running {type(model).__name__} on a {size}x{size} image failed ({error}); {hint}"
        ) from error
    finally:
        model.train(training)


def find_channels(model: nn.Module, taps: Iterable[Tap], size: int = 64) -> dict[Tap, int]:
    """Number of channels of each tap, found by a trial run with a blank image.

    Raises:
        ValueError: If the model lacks a tap, or does not run on such an image.
    """
    taps = list(taps)
    hint = (
        f"so the channels of the taps {taps} are unknown: give the distiller student_channels "
        "and teacher_channels"
    )
    filled = _try_out(model, lambda blank: run_for_taps(model, blank, taps), size, hint)
    return {tap: filled[tap].shape[1] for tap in taps}


def encoder_channels(model: nn.Module, size: int = 64) -> list[int]:
    """Channels of each map of ``model.extract_feat``, found by a trial run with a blank image.

    Raises:
        ValueError: If the encoder does not run on such an image.
    """
    hint = "so the channels of its feature maps are unknown: give student_channels"
    encoder: Any = model.extract_feat  # torch annotates it as a tensor or a module
    return [feature.shape[1] for feature in _try_out(model, encoder, size, hint)]
