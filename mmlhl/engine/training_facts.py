"""Whether a checkpoint was trained for what a config makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ..checkpoints.training import (
    class_difference,
    input_differences,
    input_remedy,
    stored_classes,
    stored_input,
)
from ..models.teachers import describe_input


def classes_of(loop: Any) -> list[str] | None:
    """The classes of the data set that a loop runs over; None without a loop or classes."""
    dataset = getattr(getattr(loop, "dataloader", None), "dataset", None)
    classes = (getattr(dataset, "metainfo", None) or {}).get("classes")
    return list(classes) if classes else None


def foreign_training(
    model: nn.Module, checkpoint: Mapping[str, Any], source: str, classes: Sequence[str] | None
) -> str | None:
    """How a checkpoint's training differs from what a config says.

    Args:
        model: the config's model, without wrappers.
        checkpoint: as it was loaded; what it does not say is taken to fit.
        source: names the checkpoint.
        classes: the data set's; None if it has none, or the model predicts none.

    Returns:
        One message with both values and the lines that mend the config; None if all is alike.
    """
    problems = []
    stored, preprocessor = stored_input(checkpoint, source), getattr(model, "data_preprocessor", 0)
    if stored is not None and isinstance(preprocessor, nn.Module):
        different = input_differences(stored, describe_input(preprocessor))
        if different:
            problems.append(f"{'; '.join(different)}; {input_remedy(stored)}")
    known = stored_classes(checkpoint)
    if known is not None and classes and getattr(model, "decode_head", None) is not None:
        difference = class_difference(known, classes)
        if difference:
            problems.append(
                f"{difference}; write the checkpoint's into the data set, "
                f"dataset.metainfo=dict(classes={known})"
            )
    if not problems:
        return None
    return f"{source} was trained otherwise than the config says: {'. '.join(problems)}"
