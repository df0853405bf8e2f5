"""Loading a checkpoint into a config's model, all of it or not at all."""

from __future__ import annotations

from typing import Any

from mmengine.runner import load_checkpoint
from torch import nn

from ..checkpoints import weights_of
from ..engine.training_facts import foreign_training
from ..explaining import first_few
from ..models.teachers import misfits, surplus


def load_complete(model: nn.Module, path: str, cfg: Any) -> nn.Module:
    """Load a checkpoint that fills the model; mmengine leaves weights that it lacks random.

    Args:
        model: Model of the config; heads of tasks that the checkpoint does not know are left out.
        path: The checkpoint.
        cfg: The config.

    Raises:
        ValueError: If weights are missing, have another shape, are not finite or are left over, or
            the checkpoint was trained with another normalisation or channel order.
    """
    source = f"the checkpoint {path}"
    loaded = load_checkpoint(model, path, map_location="cpu")
    own, state = model.state_dict(), weights_of(loaded)
    wrong = {
        key: why
        for key, why in misfits(own, state).items()
        if not key.endswith("num_batches_tracked")
    }
    wrong.update(dict.fromkeys(surplus(own, state), "the config's model has no such weight"))
    if wrong:
        problems = first_few(f"{key}: {why}" for key, why in wrong.items())
        raise ValueError(f"{source} does not fit the config's model: {problems}")
    different = foreign_training(model, loaded, source, {}, cfg)
    if different:
        raise ValueError(different)
    return model
