"""Loading weights whole or not at all.

mmengine logs what a checkpoint lacks or has in another shape and leaves those weights random. A
teacher or a first phase with random weights would silently be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from ...checkpoints.poison import not_finite
from ...explaining import first_few


def misfits(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, str]:
    """Weights that a checkpoint cannot fill.

    Args:
        own: What the model wants.
        state: What the checkpoint has.

    Returns:
        By name, in the model's order: what is wrong with the weight.
    """
    wrong = {}
    for key, value in own.items():
        if key not in state:
            wrong[key] = "not in the checkpoint"
        elif state[key].shape != value.shape:
            there, here = tuple(state[key].shape), tuple(value.shape)
            wrong[key] = f"{there} in the checkpoint, {here} in the config"
        elif not_finite(state[key]):
            wrong[key] = f"{not_finite(state[key])} values are NaN or infinite"
    return wrong


def surplus(own: Iterable[str], state: Iterable[str]) -> list[str]:
    """Weights of a checkpoint that a model of another depth would leave out.

    A ResNet-34's fill a ResNet-18, whose metrics would be those of neither. What belongs to parts
    that the model does not have at all, such as an auxiliary head or a classifier, does not count.

    Args:
        own: Names of the model's weights.
        state: Names of the checkpoint's.

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
    """Load weights into a model, or leave it as it is.

    Args:
        model: The model; every weight that its ``state_dict()`` names is wanted.
        state: The checkpoint's weights.
        refusal: How the message begins: which file cannot be used for what.
        optional: Says of a weight by its name whether the model can do without it; it keeps its
            own value if the checkpoint cannot fill it.
        shown: The name of a weight in messages.

    Returns:
        Names in ``state`` that the model has no use for.

    Raises:
        ValueError: If weights are missing, of another shape or not finite, or the model is a part
            of the checkpoint's; names the first few.
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
