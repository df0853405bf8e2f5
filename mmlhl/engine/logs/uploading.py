"""Uploading copies of a sequence's logs, by the options of mmengine's ``LoggerHook``."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import LoggerHook
from mmengine.utils import scandir
from mmseg.registry import HOOKS

from ...explaining import explained_error
from ...registered import names_class
from .files import EVENTS, LOG

#: mmengine's default suffixes of the files to copy
SUFFIXES = (".json", ".log", ".py", "yaml")
#: options of ``LoggerHook`` that apply to the whole sequence, not to its phases
OPTIONS = ("out_dir", "out_suffix", "keep_local", "backend_args", "file_client_args")


@dataclass(frozen=True)
class Upload:
    """The destination and the kinds of files to copy.

    Attributes:
        folder: Folder or address, in which the copies get a subfolder named like the work dir.
        suffixes: Suffixes of the files.
        backend_args: Arguments of mmengine's file backend.
    """

    folder: str
    suffixes: tuple[str, ...]
    backend_args: dict[str, Any] | None = None

    def check(self) -> None:
        """Check that the folder can be written, if it is on this machine.

        Raises:
            ValueError: If it cannot, or the address needs a client that is not there.
        """
        key = f"default_hooks.logger.out_dir={self.folder!r}"
        try:
            backend = get_file_backend(self.folder, backend_args=self.backend_args)
        except Exception as error:  # of a client
            raise ValueError(f"{key} cannot be used: {explained_error(error)}") from error
        if not isinstance(backend, LocalBackend):
            return
        place = Path(self.folder).absolute()
        there = next(path for path in (place, *place.parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            why = "may not be written" if there.is_dir() else "is no folder"
            raise ValueError(f"{key}: {there} {why}; choose another folder")

    def run(self, work_dir: str) -> None:
        """Copy the log and the text files beside the events."""
        backend = get_file_backend(self.folder, backend_args=self.backend_args)
        goal = backend.join_path(self.folder, osp.basename(osp.abspath(work_dir)))
        names = [LOG] if LOG.endswith(self.suffixes) else []
        events = osp.join(work_dir, EVENTS)
        if osp.isdir(events):
            names += [osp.join(EVENTS, name) for name in scandir(events, self.suffixes, True)]
        for name in names:
            with open(osp.join(work_dir, name), "rb") as file:
                backend.put(file.read(), backend.join_path(goal, name))


def wanted_upload(cfg: Config) -> Upload | None:
    """The upload that a config's ``LoggerHook`` requests; None if it requests none.

    Raises:
        ValueError: If the logs, which a resume needs, are to be removed afterwards, or the folder
            cannot be written.
    """
    hook = (cfg.get("default_hooks") or {}).get("logger")
    if not isinstance(hook, Mapping) or not names_class(HOOKS, hook, LoggerHook):
        return None
    if not hook.get("keep_local", True):
        raise ValueError(
            "default_hooks.logger.keep_local is False, but a sequence that is resumed goes on in "
            "its logs: leave it out"
        )
    if hook.get("out_dir") is None:
        return None
    suffixes = hook.get("out_suffix") or SUFFIXES
    suffixes = (suffixes,) if isinstance(suffixes, str) else tuple(suffixes)
    upload = Upload(str(hook["out_dir"]), suffixes, hook.get("backend_args"))
    upload.check()
    return upload
