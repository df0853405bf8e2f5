"""A test that is refused leaves no folder behind."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger

from ..instances import close_files, forget_instance
from ..refusals import is_refusal


@contextmanager
def nothing_left_of_refusals(folder: str | os.PathLike | None) -> Iterator[None]:
    """Within, mmengine's runner makes a folder with a log before it reads anything.

    If the input is refused, what came into the work dir meanwhile is removed, and so is the work
    dir, with those above it, if it was not there. Any other error leaves the log.

    Args:
        folder: The work dir.

    Raises:
        NotADirectoryError: If it is a file.
    """
    root = Path(folder or ".").absolute()
    if root.exists() and not root.is_dir():
        raise NotADirectoryError(f"{folder} is a file; --work-dir names a folder")
    missing = [each for each in (root, *root.parents) if not each.exists()]
    before = _entries(root)
    loggers = set(MMLogger._instance_dict)
    try:
        yield
    except Exception as error:
        if is_refusal(error) and is_main_process():
            _close(set(MMLogger._instance_dict) - loggers)
            for name in _entries(root) - before:
                _remove(root / name)
            for each in missing:
                with suppress(OSError):  # somebody else has put something there
                    each.rmdir()
        raise


def _entries(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()


def _close(names: set[str]) -> None:
    """mmengine's loggers keep their files open; the name of one is all that is known here."""
    for name in names:
        logger = MMLogger._instance_dict[name]
        if any(isinstance(each, logging.FileHandler) for each in logger.handlers):
            close_files(logger)
            forget_instance(logger)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
