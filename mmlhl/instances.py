"""Cleaning up objects that mmengine keeps by name for the lifetime of the process."""

from __future__ import annotations

import logging


def forget_instance(made: object) -> None:
    """Drop a logger, message hub or visualizer from mmengine's tables of instances."""
    for kind in type(made).__mro__:
        instances = vars(kind).get("_instance_dict", {})
        for name in [name for name, each in instances.items() if each is made]:
            del instances[name]


def close_files(logger: logging.Logger) -> None:
    """Close the files that a logger writes."""
    for handler in list(logger.handlers):
        if isinstance(handler, logging.FileHandler):
            logger.removeHandler(handler)
            handler.close()
