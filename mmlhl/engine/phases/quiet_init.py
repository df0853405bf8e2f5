"""Initialising a model without logging, in trials or if the weights are replaced next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.logging import MMLogger


@contextmanager
def quiet(least: int = logging.WARNING) -> Iterator[None]:
    """Log only warnings in the context, or only what is of at least another level."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(max(level, least))
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def quiet_init(model: Any) -> Iterator[None]:
    """Log only warnings while a model is initialised.

    mmengine writes several lines for each weight, and the names of loaded files.
    """
    dumps = hasattr(model, "_dump_init_info")
    if dumps:
        model._dump_init_info = lambda: None
    try:
        with quiet():
            yield
    finally:
        if dumps:
            del model._dump_init_info
