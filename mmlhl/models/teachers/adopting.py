"""A plain mmseg segmentor's weights as one task of a lifelong segmentor."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.logging import print_log
from torch import Tensor, nn

from .exact_loading import load_exactly

HEAD = "decode_head."
DROPPED = ("auxiliary_head.",)


def adopt_state_dict(state: Mapping[str, Tensor], task: str) -> dict[str, Tensor]:
    """Rename the weights of an mmseg ``EncoderDecoder`` to those of a lifelong segmentor.

    Args:
        state: ``backbone.*``, ``neck.*``, ``decode_head.*`` and, dropped, ``auxiliary_head.*``;
            a state that is a lifelong segmentor's already is taken as it is.
        task: the task that the decode head solves.

    Returns:
        The renamed state.
    """
    renamed = {}
    for key, value in state.items():
        if key.startswith(HEAD):
            renamed[f"heads.{task}.decoder.{key[len(HEAD) :]}"] = value
        elif not key.startswith(DROPPED):
            renamed[key] = value
    return renamed


def load_adopted(model: nn.Module, state: Mapping[str, Tensor], task: str, source: str) -> None:
    """Load an mmseg segmentor's weights into a lifelong segmentor, whole or not at all.

    Args:
        model: lifelong segmentor whose only task is ``task``.
        state: the checkpoint's ``state_dict``.
        task: as in :func:`adopt_state_dict`.
        source: name of the checkpoint, for the message.

    Raises:
        ValueError: listing the first few keys that are missing or have another shape.
    """
    unused = load_exactly(
        model,
        adopt_state_dict(state, task),
        f"the checkpoint {source} does not fit model.backbone and model.heads[{task!r}]",
        shown=lambda key: key.replace(f"heads.{task}.decoder.", HEAD),
    )
    if unused:
        print_log(f"{source}: {len(unused)} weights are not used, such as {unused[:3]}", "current")
