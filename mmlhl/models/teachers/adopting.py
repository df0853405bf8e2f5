"""Loading the weights of a finished mmseg model into a lifelong segmentor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.logging import print_log
from torch import Tensor, nn

from .exact_loading import load_exactly

HEAD = "decode_head."
DROPPED = ("auxiliary_head.",)


def adopt_state_dict(state: Mapping[str, Tensor], task: str) -> dict[str, Tensor]:
    """Rename the weights of an mmseg ``EncoderDecoder`` to those of a lifelong segmentor.

    Args:
        state: ``backbone.*``, ``neck.*``, ``decode_head.*`` and ``auxiliary_head.*``, which is
            dropped. The state of a lifelong segmentor stays unchanged.
        task: The task of the decode head.
    """
    renamed = {}
    for key, value in state.items():
        if key.startswith(HEAD):
            renamed[f"heads.{task}.decoder.{key[len(HEAD) :]}"] = value
        elif not key.startswith(DROPPED):
            renamed[key] = value
    return renamed


def load_adopted(
    model: nn.Module, state: Mapping[str, Tensor], tasks: Sequence[str], source: str
) -> None:
    """Load a finished model's weights into a lifelong segmentor, completely or not at all.

    Raises:
        ValueError: Listing the first few keys that are missing or have another shape; or if there
            are several tasks for an mmseg segmentor, which has one head.
    """
    plain = any(key.startswith(HEAD) for key in state)
    if plain and len(tasks) > 1:
        raise ValueError(
            f"the checkpoint {source} is an mmseg segmentor, whose {HEAD[:-1]} solves one task; "
            f"phases[0].tasks names {list(tasks)}"
        )
    task = tasks[0]
    wanted = [f"model.heads[{name!r}]" for name in tasks]
    unused = load_exactly(
        model,
        adopt_state_dict(state, task),
        f"the checkpoint {source} does not fit model.backbone and {', '.join(wanted)}",
        shown=lambda key: key.replace(f"heads.{task}.decoder.", HEAD) if plain else key,
    )
    if unused:
        print_log(f"{source}: {len(unused)} weights are not used, such as {unused[:3]}", "current")
