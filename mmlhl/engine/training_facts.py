"""Comparing a checkpoint's training with the config that uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmseg.registry import MODELS
from torch import nn

from ..checkpoints import stored_config
from ..checkpoints.stored_config import StoredConfigError
from ..checkpoints.training import (
    class_difference,
    input_differences,
    input_remedy,
    names_in,
    stored_input,
    stored_names,
    with_pipeline,
)
from ..explaining import first_few
from ..models.teachers import describe_input
from ..registered import registered_class, type_name
from .phases.checking.signatures import default_of, options_of
from .phases.grammar import learning_model

#: parts of a model whose options decide what it predicts
PREDICTING = ("backbone", "neck", "decode_head", "heads")
#: options below them that do not affect predictions
TRAINING_ONLY = {"init_cfg", "pretrained", "loss", "loss_decode", "sampler", "ignore_index"}
TRAINING_ONLY |= {"delta", "soft_pseudo_label", "hard_pseudo_label", "norm_eval", "frozen_stages"}
TRAINING_ONLY |= {"with_cp", "dropout_ratio", "drop_path_rate", "drop_rate", "requires_grad"}
TRAINING_ONLY |= {"momentum", "inplace"}  # of layers, such as norm_cfg's
_UNKNOWN = "(not known)"


def names_of(loop: Any) -> dict[str, Any]:
    """Classes and units of the dataset that a loop runs over; empty without a loop or names."""
    dataset = getattr(getattr(loop, "dataloader", None), "dataset", None)
    return names_in(getattr(dataset, "metainfo", None) or {})


def foreign_training(
    model: nn.Module,
    checkpoint: Mapping[str, Any],
    source: str,
    names: Mapping[str, Any],
    cfg: Any = None,
) -> str | None:
    """Describe how a checkpoint's training differs from a config.

    Args:
        model: The config's model, without wrappers.
        checkpoint: The loaded checkpoint; facts that it lacks are not compared.
        source: Name of the checkpoint in messages.
        names: Classes and units of the dataset, see :func:`names_of`.
        cfg: The config, whose pipelines may normalise images instead of the preprocessor.

    Returns:
        One message with both values and the lines that fix the config; None if they agree.
    """
    problems = []
    preprocessor = getattr(model, "data_preprocessor", None)
    stored = stored_input(checkpoint, source, pipelines=cfg is not None)
    if stored is not None and isinstance(preprocessor, nn.Module):
        own = describe_input(preprocessor)
        different = input_differences(stored, own if cfg is None else with_pipeline(own, cfg))
        if different:
            problems.append(f"{'; '.join(different)}; {input_remedy(stored)}")
    known = stored_names(checkpoint)
    for key, own in names.items():
        theirs = known.get(key)
        if theirs is None or (key == "classes" and getattr(model, "decode_head", None) is None):
            continue
        if isinstance(own, str):
            difference = own != theirs and f"{key} is {own!r} in the dataset, {theirs!r} there"
        else:
            difference = class_difference(theirs, own)
        if difference:
            of_field = "" if key == "classes" else f" ({key})"
            problems.append(
                f"{difference}{of_field}; write the checkpoint's into the dataset, "
                f"dataset.metainfo=dict({key}={theirs!r})"
            )
    if not problems:
        return None
    return f"{source} was trained otherwise than the config says: {'. '.join(problems)}"


def other_kinds(cfg: Any, checkpoint: Mapping[str, Any], source: str) -> str | None:
    """Describe heads of another kind than those of a checkpoint, whose weights may fit."""
    stored = _stored_model(checkpoint, source)
    theirs, ours = (node.get("heads") or {} for node in (stored, learning_model(cfg)))
    found = []
    for task in ours if isinstance(theirs, Mapping) else ():
        here, there = (registered_class(MODELS, node.get(task)) for node in (ours, theirs))
        kinds = [getattr(each, "kind", None) for each in (here, there)]
        if None not in kinds and kinds[0] != kinds[1]:
            found.append(
                f"model.heads.{task} is a {type_name(ours[task])}, of {kinds[0]}, in the config, "
                f"but a {type_name(theirs[task])}, of {kinds[1]}, in the checkpoint"
            )
    return f"{source} predicts something else: {first_few(found)}" if found else None


def _stored_model(checkpoint: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """The model's config in a checkpoint; empty if there is none that can be compared."""
    try:
        stored = stored_config(checkpoint, source)
    except StoredConfigError:
        return {}
    model = learning_model(stored) if stored else None
    return model if isinstance(model, Mapping) else {}


def other_model(
    cfg: Any, checkpoint: Mapping[str, Any], source: str, task: str | None = None
) -> str | None:
    """Describe how a config's encoder and heads differ from those of a checkpoint.

    The weights may fit nevertheless: another activation or dilation has no weights.

    Args:
        cfg: The config.
        checkpoint: The loaded checkpoint.
        source: Name of the checkpoint in messages.
        task: Task whose decoder the decode head of an mmseg segmentor becomes.

    Returns:
        One message with both values of each option; None if they agree. For options that are not
        set, the class's default is compared.
    """
    theirs = dict(_options(_stored_model(checkpoint, source)))
    ours = dict(_options(learning_model(cfg)))
    if not theirs:
        return None
    if task is not None:
        theirs = _as_decoder(theirs, task)
    found = []
    for key in dict.fromkeys([*ours, *theirs]):
        here, there = _value(ours, key), _value(theirs, key)
        if _UNKNOWN not in (here, there) and here != there:
            found.append(f"model.{key} is {here!r} in the config, {there!r} in the checkpoint")
    return f"{source} is of another model: {first_few(found)}" if found else None


def _as_decoder(options: Mapping[str, Any], task: str) -> dict[str, Any]:
    """The options of a decode head as those of a task's decoder, whose output space says others."""
    renamed = {}
    for key, value in options.items():
        part, _, rest = key.partition(".")
        if part != "decode_head":
            renamed[key] = value
        elif rest not in ("num_classes", "out_channels", "threshold"):
            renamed[f"heads.{task}.decoder.{rest}"] = value
    return renamed


def _value(options: Mapping[str, Any], key: str) -> Any:
    """An option, or what its class's default says, which may be a dict, if it is not set."""
    if key in options:
        return options[key]
    parts = key.split(".")
    for end in range(len(parts) - 1, 0, -1):
        kind = options.get(".".join([*parts[:end], "type"]))
        if kind is None:  # a dict below a class, such as act_cfg
            continue
        cls = registered_class(MODELS, kind)
        if cls is None or parts[end] not in options_of(cls)[0]:
            return _UNKNOWN
        defaults = dict(_flat(".".join(parts[: end + 1]), default_of(cls, parts[end])))
        if end + 1 == len(parts):
            # a default of None says that there is none, as in a config
            return defaults.get(key)
        # an option of the class that the default names, such as that of norm_cfg
        return _value(defaults, key)
    return _UNKNOWN


def _options(model: Any) -> Iterator[tuple[str, Any]]:
    for part in PREDICTING if isinstance(model, Mapping) else ():
        yield from _flat(part, model.get(part))


def _flat(place: str, node: Any) -> Iterator[tuple[str, Any]]:
    """As ``config_values.leaves``, without what is of no use in prediction.

    Options of training are left out with all below them, and so are options that are not set; a
    list is one value, as it is one option.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "type":
                name = type_name(value)
                yield f"{place}.type", {"SyncBN": "BN"}.get(name, name)
            elif key not in TRAINING_ONLY:
                yield from _flat(f"{place}.{key}", value)
    elif isinstance(node, (list, tuple)):
        yield place, [list(each) if isinstance(each, tuple) else each for each in node]
    elif node is not None:
        yield place, node
