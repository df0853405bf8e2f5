"""Learning-rate schedules that end with a phase, however long it is."""

from __future__ import annotations

from mmengine.config import Config


def follow_length(cfg: Config, sequence: Config) -> None:
    """Let a schedule that ended with the sequence's length end with the phase's.

    Args:
        cfg: the phase's config, changed in place.
        sequence: the sequence's.
    """
    schedulers = cfg.get("param_scheduler")
    if not schedulers:
        return
    for before, now in zip(_length(sequence), _length(cfg), strict=True):
        if before is None or now is None or before == now:
            continue
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            for key in ("end", "T_max"):
                if scheduler.get(key) == before:
                    scheduler[key] = now


def _length(cfg: Config) -> tuple[int | None, int | None]:
    train = cfg.get("train_cfg") or {}
    return train.get("max_epochs"), train.get("max_iters")
