"""Agreement of a model's input normalisation with that of its checkpoint's training."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from torch import nn

from ...checkpoints.training import input_differences, input_remedy, stored_input
from .inputs import describe_input


def check_stored_input(model: nn.Module, checkpoint: Mapping[str, Any], source: str) -> None:
    """Check that a model normalises its input as in the training of a checkpoint.

    Raises:
        ValueError: Naming both values, and the line that fixes the config.
    """
    stored = stored_input(checkpoint, source)
    preprocessor: Any = getattr(model, "data_preprocessor", None)
    if stored is None or preprocessor is None:
        return
    different = input_differences(stored, describe_input(preprocessor))
    if different:
        raise ValueError(
            f"{source} was trained with other images than the config's: {'; '.join(different)}; "
            + input_remedy(stored)
        )


def with_stored_input(
    model: dict[str, Any], checkpoint: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """A teacher's config with the normalisation of its checkpoint's training.

    It may differ from the student's, since the teacher's batch is converted.
    """
    stored = stored_input(checkpoint, source)
    own = model.get("data_preprocessor")
    if stored is None or not own:
        return model
    before = stored_input(dict(meta=dict(input=own)), source) or {}
    different = input_differences(stored, before)
    if different:
        lines = "; ".join(different)
        print_log(
            f"the teacher {source} sees images as it was trained: {lines}",
            "current",
            logging.WARNING,
        )
        model["data_preprocessor"] = {**own, **stored, "rgb_to_bgr": False}
    return model
