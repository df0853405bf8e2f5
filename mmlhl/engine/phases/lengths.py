"""The length of training in a config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmengine.dataset import InfiniteSampler
from mmengine.registry import DATA_SAMPLERS
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmseg.registry import LOOPS

from ...registered import names_class, of_mmseg


@dataclass(frozen=True)
class Length:
    """A length of training.

    Attributes:
        count: Number of epochs or iterations.
        by_epoch: Whether ``count`` is a number of epochs.
    """

    count: int
    by_epoch: bool


def trains_by_epoch(cfg: Mapping) -> bool | None:
    """Whether a config's training loop counts epochs; None if unknown."""
    train = cfg.get("train_cfg") or {}
    if names_class(LOOPS, train, IterBasedTrainLoop):
        return False
    if names_class(LOOPS, train, EpochBasedTrainLoop):
        return True
    if "by_epoch" in train:
        return bool(train["by_epoch"])
    known = [key for key in ("max_epochs", "max_iters") if train.get(key) is not None]
    return known == ["max_epochs"] if len(known) == 1 else None


def training_length(cfg: Mapping) -> Length | None:
    """The length of training in a config's loop; None if it has none."""
    by_epoch = trains_by_epoch(cfg)
    count = (cfg.get("train_cfg") or {}).get("max_epochs" if by_epoch else "max_iters")
    if by_epoch is None or not isinstance(count, int):
        return None
    return Length(count, by_epoch)


def training_steps(cfg: Mapping, batches: int | None) -> int | None:
    """Number of training steps of a config, None if unknown before the loader is built."""
    length = training_length(cfg)
    if length is None or not length.by_epoch:
        return None if length is None else length.count
    return None if batches is None else length.count * batches


def refuse_endless_epochs(cfg: Mapping, where: str = "") -> None:
    """Refuse a train loader that never ends for a training that counts epochs.

    Raises:
        ValueError: Naming the sampler.
    """
    loader = cfg.get("train_dataloader")
    sampler = loader.get("sampler") if isinstance(loader, Mapping) else None
    registries = (DATA_SAMPLERS, of_mmseg(DATA_SAMPLERS))
    endless = any(names_class(registry, sampler, InfiniteSampler) for registry in registries)
    if endless and trains_by_epoch(cfg):
        raise ValueError(
            f"{where}train_dataloader.sampler never ends, but train_cfg counts epochs: take "
            "DefaultSampler, or train by iterations"
        )
