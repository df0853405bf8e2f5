"""Removing the folder and log that mmengine creates for a test that is then refused."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer

from ..instances import close_files, forget_instance
from ..refusals import is_refusal

#: names that mmengine's runner makes of the time
_TIME = re.compile(r"\d{8}_\d{6}.*")


@contextmanager
def nothing_left_of_refusals(
    folder: str | os.PathLike | None, config: str | None = None
) -> Iterator[None]:
    """Remove new files from a work dir if the input of a test is refused inside the context.

    mmengine's runner creates a folder with a log before it reads anything. If the work dir, or
    folders above it, did not exist before, they are removed as well. After any other error the log
    is kept, and so is what only another command in the same folder can have written meanwhile,
    such as a checkpoint.

    Raises:
        NotADirectoryError: If it is a file.
    """
    root = Path(folder or ".").absolute()
    if root.exists() and not root.is_dir():
        raise NotADirectoryError(f"{folder} is a file; --work-dir names a folder")
    missing = [each for each in (root, *root.parents) if not each.exists()]
    before = _entries(root)
    loggers, visualizers = set(MMLogger._instance_dict), set(Visualizer._instance_dict)
    try:
        yield
    except Exception as error:
        if is_refusal(error) and is_main_process():
            _close(set(MMLogger._instance_dict) - loggers)
            for name in set(Visualizer._instance_dict) - visualizers:  # they write into the folder
                forget_instance(Visualizer._instance_dict[name])
            for name in _entries(root) - before:
                if _TIME.fullmatch(name) or name == os.path.basename(config or ""):
                    _remove(root / name)
            for each in missing:
                with suppress(OSError):  # it is not empty
                    each.rmdir()
        raise


def _entries(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()


def _close(names: set[str]) -> None:
    """Close the files of mmengine's loggers, given by name, and remove the loggers."""
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
