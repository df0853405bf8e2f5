"""One command at a time in a work dir."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.logging import print_log

LOCK = ".lock"
#: endings of files to which training appends
_APPENDED = (".log", ".json")
#: and of others that it reads
_READ = (".pth", ".training", "last_checkpoint")
#: the names of all of them, in whose place a folder may not stand
_FILES = (*_READ, LOCK, "lifelong.json", "fingerprints.json", "resumable.json")
_held: set = set()


def _let_go() -> None:
    """Close the lock files in a forked worker, which must not hold them if its parent is killed."""
    for file in _held:
        os.close(file.fileno())
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


class WorkDirInUse(RuntimeError):
    """Another command is working in the folder."""


@contextmanager
def locked(folder: str | os.PathLike) -> Iterator[None]:
    """Lock a folder for the block; a second command in the folder is refused.

    The kernel's lock belongs to the process and disappears when it is killed, whatever the file
    contains. In a distributed run the first rank holds it for all.

    Args:
        folder: Created if it does not exist.

    Raises:
        WorkDirInUse: Naming the folder, and the process that holds it.
        ValueError: If a link or folder stands in place of a file that would be written to.
    """
    path = Path(folder, LOCK)
    missing = [each for each in (path.parent, *path.parent.parents) if not each.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"{Path(folder)} cannot be a folder: {error.filename} is something else; choose "
            "another --work-dir"
        ) from error
    _refuse_links(path.parent)
    with open(path, "a+", encoding="utf-8") as file:
        if not _take(file.fileno(), path) or not _is_there(file.fileno(), path):
            file.seek(0)
            raise WorkDirInUse(
                f"{Path(folder)} is in use by {_holder(file.read())}: two commands in one folder "
                "would overwrite each other's results. Wait for it or stop it, or choose another "
                "--work-dir"
            )
        file.truncate(0)
        owner = dict(pid=os.getpid(), host=socket.gethostname(), since=time.strftime("%F %T"))
        file.write(json.dumps(owner))
        file.flush()
        _held.add(file)
        try:
            yield
        finally:
            _held.discard(file)
            file.truncate(0)  # closing the file releases the lock
            if missing and os.listdir(path.parent) == [LOCK]:  # nothing was written
                _remove(path, missing)


def _remove(path: Path, folders: Iterable[Path]) -> None:
    """Remove a file and then the folders that are empty, inner ones first."""
    path.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _refuse_links(folder: Path) -> None:
    """Refuse links in place of files that are written to: another's folder could name any file.

    Models may be links, as they are replaced and not written to. A folder in place of a file of a
    phase or of the sequence is refused, too.
    """
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        for name in folders if depth <= 1 else ():
            if name.endswith(_FILES):
                raise ValueError(
                    f"{Path(place, name)} is a folder, where a file is written: move it, or choose "
                    "another --work-dir"
                )
        for name in names:
            path = Path(place, name)
            written = name == LOCK or name.endswith(_APPENDED) or "tfevents" in name
            if not written and not (name.endswith(_READ) and path.exists()):
                continue
            if written and path.is_symlink():
                raise ValueError(
                    f"{path} is a link to {os.readlink(path)}, which would be written to: remove "
                    "the link, or choose another --work-dir"
                )
            if not path.is_file():
                raise ValueError(
                    f"{path} is no plain file: remove it, or choose another --work-dir"
                )


def _is_there(descriptor: int, path: Path) -> bool:
    """Whether an open file still has its name: a command that was refused removes its own."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False


def _take(descriptor: int, path: Path) -> bool:
    """Lock an open file for this process; True, with a warning, if locks are not supported."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        print_log(
            f"{path}: this file system has no locks ({error}); make sure that one command at a "
            "time works in the folder",
            "current",
            logging.WARNING,
        )
    return True


def _holder(text: str) -> str:
    try:
        owner = json.loads(text)
        return f"process {owner['pid']} on {owner['host']}, since {owner['since']}"
    except (ValueError, KeyError, TypeError, RecursionError):  # it has not written the file yet
        return "another process"
