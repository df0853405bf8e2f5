"""Writing a file in one atomic step."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = ".tmp"
#: end of a temporary file's name: machine, which older versions left out, and process
_OWNER = re.compile(rf"\.(?:([0-9a-f]{{8}})-)?(\d+){re.escape(MARK)}")
#: seconds after which another machine's temporary file is a leftover: it writes none for so long
_ABANDONED = 24 * 3600.0
#: bytes of a file's name in that of a temporary file
_LONGEST = 200
#: what to do about a full disk, an exhausted quota or a folder without write permission
_REMEDY = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of the quota",
    errno.EFBIG: "raise the limit of a file's size",
    errno.EROFS: "choose a folder that can be written",
    errno.EACCES: "choose a folder that can be written",
    errno.EPERM: "choose a folder that can be written",
}
_BROKEN = "look after the disk, or the connection to it"
#: likewise about a disk that fails, which may also be one that is read
_FAILING = {errno.EIO: _BROKEN, errno.ESTALE: _BROKEN, errno.ETIMEDOUT: _BROKEN}


@contextmanager
def atomic_path(path: str | os.PathLike, sync: bool = True) -> Iterator[Path]:
    """A temporary file beside ``path`` that replaces it when the block ends without an error.

    Other processes read either the old or the new file, never a part of one. If the block fails,
    the temporary file is removed and the old file remains. :func:`clean_leftovers` removes the
    temporary files of killed processes.

    Args:
        path: The file to write; its folder is made if necessary.
        sync: Flush file and folder to the disk, so that even a power cut leaves the old or the new
            file. This takes some milliseconds; False suits files that are quickly made again.

    Yields:
        The temporary name. It contains machine and process, so that no two processes write to the
        same file.

    Raises:
        IsADirectoryError: If a folder has that name.
        NotADirectoryError: If one of its folders is a file.
        OSError: If the file cannot be written; the message names it and a remedy.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file to write")
    blocked = next(folder for folder in path.absolute().parents if folder.exists())
    if not blocked.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {blocked} is a file, not a folder")
    temporary = path.with_name(f".{_shortened(path.name)}.{_machine()}-{os.getpid()}{MARK}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()  # writers of other packages hide why they cannot
        temporary.unlink()
        yield temporary
        if sync:
            _sync(temporary)
        os.replace(temporary, path)
        if sync:
            _sync(path.parent)
    except OSError as error:
        if error.errno not in {*_REMEDY, *_FAILING}:
            raise
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # there is none in a folder without write permission
            temporary.unlink(missing_ok=True)


def _shortened(name: str) -> str:
    """A name that leaves room for an addition: file systems allow 255 bytes."""
    data = os.fsencode(name)
    if len(data) <= _LONGEST:
        return name
    return f"{data[: _LONGEST - 10].decode('utf-8', 'ignore')}_{zlib.crc32(data):08x}"


@contextmanager
def explained(folder: str | os.PathLike) -> Iterator[None]:
    """Explain the error of a full disk or an unwritable folder, wherever it occurs.

    Args:
        folder: Folder that the block writes to; named if the error names no file.

    Raises:
        OSError: The same error, with a remedy.
    """
    try:
        yield
    except OSError as error:
        known = error.errno in _REMEDY and not isinstance(error.__cause__, OSError)
        if not known:
            raise
        raise cannot_write(error.filename or folder, error) from error


def cannot_write(path: str | os.PathLike, error: OSError) -> OSError:
    """The same error with the file's name and a remedy."""
    remedy = {**_REMEDY, **_FAILING}.get(error.errno or 0, "solve that")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OSError(
        error.errno,
        f"cannot write {path}: {reason}; what was there is as it was. To go on, {remedy} and give "
        "the same command again, a training with --resume",
    )


def write_bytes(path: str | os.PathLike, data: bytes, sync: bool = True) -> None:
    """Write bytes in one atomic step; see :func:`atomic_path`."""
    with atomic_path(path, sync) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike, text: str, sync: bool = True) -> None:
    """Write text as UTF-8 in one atomic step; see :func:`atomic_path`."""
    write_bytes(path, text.encode("utf-8"), sync)


def refuse_same(path: str | os.PathLike, source: str | os.PathLike) -> None:
    """Refuse to write a file over the one that it is made from.

    Raises:
        ValueError: If they are one file, by whatever name.
    """
    if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
        raise ValueError(f"{path} is the file that is read, which would be lost: name another file")


def refuse_special(path: str | os.PathLike) -> None:
    """Refuse pipes, devices and the kernel's own files, whose reading may never end.

    Raises:
        ValueError: Naming the file.
    """
    try:
        info = os.stat(path)
    except (OSError, ValueError):  # whoever reads it says so
        return
    plain = stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)
    if not plain or (not info.st_size and os.path.realpath(path).startswith("/proc/")):
        raise ValueError(f"{path} is a pipe, a device or the like, not a file with data")


def clean_leftovers(folder: str | os.PathLike, locked: bool = False) -> list[Path]:
    """Remove the temporary files of killed processes in a folder and its subfolders.

    Files of processes that still run on this machine are kept, those of other machines for a day.

    Args:
        folder: The folder; it need not exist.
        locked: Whether no other machine writes there now, so that its files are leftovers.

    Returns:
        The files that were removed.
    """
    removed = []
    for path in sorted(Path(folder).rglob(f".*{MARK}")):
        if (found := _OWNER.search(path.name)) and not _in_use(path, found[1], found[2], locked):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _in_use(path: Path, machine: str | None, process: str, locked: bool) -> bool:
    if machine in (None, _machine()):
        return int(process) != os.getpid() and _is_alive(int(process))
    with suppress(FileNotFoundError):
        return not locked and time.time() - path.stat().st_mtime < _ABANDONED
    return False


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # a process of another user
        return True
    return True


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk; some file systems cannot flush folders."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        if not path.is_dir():
            raise
