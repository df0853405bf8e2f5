"""The datasets that a config trains and tests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS

from ...config_values import nodes
from ...explaining import explained_error
from ...registered import names_class, registered_class, type_name
from ..multi_task_dataset import MultiTaskDataset
from ..wrappers import innermost_configs
from .stock import say_unread

LOADERS = ("train", "val", "test")
_EXPECTED = (OSError, ValueError, AssertionError)


def sets_of(
    cfg: Mapping[str, Any],
    splits: Iterable[str] = LOADERS,
    data_root: str | None = None,
    tasks: Sequence[str] | None = None,
) -> dict[str, dict]:
    """The distinct datasets of the config's loaders.

    Args:
        cfg: A config with ``train_dataloader``, ``val_dataloader`` or ``test_dataloader``.
        splits: Loaders whose datasets to return.
        data_root: Folder in place of the config's.
        tasks: Tasks in place of the config's.

    Returns:
        Names of the loaders that share a dataset -> its config without a phase's ``part``, one of
        ours with the image loader as its only transform.
    """
    found: dict[str, dict] = {}
    for split in splits:
        loader = cfg.get(f"{split}_dataloader") or {}
        for i, dataset in enumerate(innermost_configs(loader.get("dataset"))):
            name = split if not i else f"{split} ({i + 1})"
            kept = {k: v for k, v in dataset.items() if k not in ("pipeline", "test_mode", "part")}
            ours = _is_ours(dataset)
            steps = dataset.get("pipeline")
            if ours:
                loaders = (s for s in nodes(steps) if names_class(TRANSFORMS, s, LoadImageFromFile))
                steps = list(loaders)[:1]
            if steps:
                kept["pipeline"] = steps
            if data_root:
                kept["data_root"] = data_root
            if tasks and ours:
                kept["tasks"] = list(tasks)
            same = [key for key, other in found.items() if other == kept]
            if same:
                found[f"{same[0]}, {name}"] = found.pop(same[0])
            else:
                found[name] = kept
    return found


def _is_ours(cfg: Mapping) -> bool:
    """Whether a config is that of a MultiTaskDataset, or of an unknown dataset."""
    return issubclass(registered_class(DATASETS, cfg) or MultiTaskDataset, MultiTaskDataset)


def build_set(
    cfg: Mapping[str, Any], complain: Callable[[str], None]
) -> tuple[BaseSegDataset | None, int]:
    """Build a dataset, without those of its annotations that cannot be read.

    Args:
        cfg: Its config.
        complain: Called with each error message.

    Returns:
        The dataset, or None if no annotation is usable, and the number of unusable annotations.
        None and 0 for a dataset that is neither ours nor mmseg's, which is not read here.
    """
    ours = _is_ours(cfg)
    if not ours and not issubclass(registered_class(DATASETS, cfg) or object, BaseSegDataset):
        complain(f"{type_name(cfg)} is no dataset of mmseg's: its files are not checked here")
        return None, 0
    try:
        dataset = DATASETS.build(dict(cfg))
        if not ours:
            say_unread(dataset, complain)
        return dataset, 0
    except _EXPECTED as error:
        first = str(error) or explained_error(error)
        complain(first)
    if not ours:
        return None, 1
    try:
        names = DATASETS.build({**cfg, "lazy_init": True}).tasks
    except (*_EXPECTED, AttributeError):
        return None, 1
    usable = []
    for name in names:
        try:
            DATASETS.build({**cfg, "tasks": [name]})
            usable.append(name)
        except _EXPECTED as error:
            if str(error) != first:
                complain(str(error))
    if not usable:
        return None, 1
    return DATASETS.build({**cfg, "tasks": usable}), len(names) - len(usable)
