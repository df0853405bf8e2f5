"""``save_best`` in a sequence: only of tasks that have been learned."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.config import Config


def follow_tasks(cfg: Config, seen: Sequence[str]) -> None:
    """Drop ``save_best`` while the task that it names is not learned, or nothing validates.

    Args:
        cfg: a phase's config, changed in place.
        seen: tasks that have been learned when the phase ends.
    """
    checkpoint = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    best = checkpoint.get("save_best")
    names = [best] if isinstance(best, str) else list(best or [])
    known = [n for n in names if n == "auto" or n.split("/")[0] in seen]
    if best is not None and (cfg.get("val_cfg") is None or len(known) < len(names)):
        checkpoint["save_best"] = known if known and cfg.get("val_cfg") is not None else None
