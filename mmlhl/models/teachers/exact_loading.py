"""Strict loading: all weights or none.

If weights are missing in a checkpoint or have another shape, mmengine only logs it and leaves them
random. A teacher or a first phase with random weights would be silently wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from ...checkpoints.poison import spoilt
from ...explaining import first_few


def misfits(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, str]:
    """Weights of a model that a checkpoint cannot fill.

    Returns:
        The reason by name of the weight, in the model's order.
    """
    wrong = {}
    for key, value in own.items():
        if key not in state:
            wrong[key] = "not in the checkpoint"
        elif not isinstance(state[key], Tensor):
            wrong[key] = f"a {type(state[key]).__name__} in the checkpoint, not a tensor"
        elif value.is_floating_point() and not state[key].is_floating_point():
            # of a quantised model, whose scale is elsewhere
            wrong[key] = f"{state[key].dtype} in the checkpoint, {value.dtype} in the config"
        elif state[key].shape != value.shape:
            there, here = tuple(state[key].shape), tuple(value.shape)
            wrong[key] = f"{there} in the checkpoint, {here} in the config"
        elif count := spoilt(key, state[key]):
            wrong[key] = f"{count} values are NaN or infinite"
    return wrong


def surplus(own: Iterable[str], state: Iterable[str]) -> list[str]:
    """Left-over weights of a checkpoint, in parts that the model has.

    They reveal a model of another depth: the weights of a ResNet-34 fill a ResNet-18, which would
    then be neither. Parts that the model does not have at all, such as an auxiliary head or a
    classifier, are ignored.

    Returns:
        Names in parts that both have, such as ``backbone.layer1`` or ``heads.seg``.
    """
    known = set(own)
    parts = {_part(key) for key in known if key.count(".") > 1}
    return [
        key
        for key in state
        if key not in known and _part(key) in parts and not key.endswith("num_batches_tracked")
    ]


def _part(key: str) -> str:
    return ".".join(key.split(".")[:2])


def load_exactly(
    model: nn.Module,
    state: Mapping[str, Tensor],
    refusal: str,
    optional: Callable[[str], bool] = lambda key: False,
    shown: Callable[[str], str] = lambda key: key,
) -> list[str]:
    """Load all weights into a model, or leave it unchanged.

    Args:
        model: The model; every weight in its ``state_dict()`` is required.
        state: The checkpoint's weights.
        refusal: Beginning of the error message: which file cannot be used for what.
        optional: Whether a weight, given by name, may keep its own value if the checkpoint cannot
            fill it.
        shown: Maps the name of a weight to the one in messages.

    Returns:
        Names in ``state`` that the model does not use.

    Raises:
        ValueError: If weights are missing, of another shape or not finite, or are left over in
            parts that the model has; names the first few.
    """
    own = model.state_dict()
    wrong = misfits(own, state)
    problems = [f"{shown(key)}: {why}" for key, why in wrong.items() if not optional(key)]
    problems += [
        f"{shown(key)}: the config's model has no such weight" for key in surplus(own, state)
    ]
    if problems:
        raise ValueError(f"{refusal}: {first_few(problems)}")
    model.load_state_dict({key: own[key] if key in wrong else state[key] for key in own})
    return [key for key in state if key not in own]
