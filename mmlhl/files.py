"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = ".tmp"
#: what a disk that is full, a quota that is used up or a folder that is not one's own answers
_REMEDY = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of the quota",
    errno.EFBIG: "raise the limit of a file's size",
    errno.EROFS: "choose a folder that can be written",
    errno.EACCES: "choose a folder that can be written",
    errno.EPERM: "choose a folder that can be written",
}


@contextmanager
def atomic_path(path: str | os.PathLike, sync: bool = True) -> Iterator[Path]:
    """A temporary name beside ``path`` that takes its place when the block ends without an error.

    Whoever reads sees the old or the new file, never half of one. If the block fails, the
    temporary file is removed and what was there stays. What a killed process leaves behind is
    removed by :func:`clean_leftovers`.

    Args:
        path: The file to write; its folder is made if it is not there.
        sync: Write file and folder through to the disk, so that a power cut, too, leaves the old
            or the new file. Costs some milliseconds; False suits files that are quickly made anew.

    Yields:
        The temporary name. The process's number is part of it, so that no two processes write
        into one file.

    Raises:
        IsADirectoryError: If a folder has that name.
        OSError: If the file cannot be written; names it, and says what helps.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file to write")
    temporary = path.with_name(f".{path.name}.{os.getpid()}{MARK}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if sync:
            _sync(temporary)
        os.replace(temporary, path)
        if sync:
            _sync(path.parent)
    except OSError as error:
        if error.errno not in _REMEDY:
            raise
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # in a folder that cannot be written there is none
            temporary.unlink(missing_ok=True)


@contextmanager
def explained(folder: str | os.PathLike) -> Iterator[None]:
    """Explain the error of a full disk or an unwritable folder, wherever it occurs.

    Args:
        folder: What is written to inside; named where the error names no file.

    Raises:
        OSError: The same error, with what helps.
    """
    try:
        yield
    except OSError as error:
        known = error.errno in _REMEDY and not isinstance(error.__cause__, OSError)
        if not known:
            raise
        raise cannot_write(error.filename or folder, error) from error


def cannot_write(path: str | os.PathLike, error: OSError) -> OSError:
    """The same error with the file's name and what helps.

    Args:
        path: What could not be written.
        error: Why.
    """
    remedy = _REMEDY.get(error.errno or 0, "solve that")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OSError(
        error.errno,
        f"cannot write {path}: {reason}; what was there is as it was. To go on, {remedy} and give "
        "the same command again, a training with --resume",
    )


def write_bytes(path: str | os.PathLike, data: bytes, sync: bool = True) -> None:
    """Write bytes, whole or not at all; see :func:`atomic_path`.

    Args:
        path: The file.
        data: Its content.
        sync: Whether it has to be on the disk when this returns.
    """
    with atomic_path(path, sync) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike, text: str, sync: bool = True) -> None:
    """Write text as UTF-8, whole or not at all; see :func:`atomic_path`.

    Args:
        path: The file.
        text: Its content.
        sync: Whether it has to be on the disk when this returns.
    """
    write_bytes(path, text.encode("utf-8"), sync)


def clean_leftovers(folder: str | os.PathLike) -> list[Path]:
    """Remove what killed processes left of unfinished writes, in a folder and below it.

    A file whose process is still alive on this machine is left alone.

    Args:
        folder: Nothing happens if it is not there.

    Returns:
        The files that were removed.
    """
    removed = []
    for path in sorted(Path(folder).rglob(f".*{MARK}")):
        number = path.name.removesuffix(MARK).rpartition(".")[2]
        if number.isdigit() and (int(number) == os.getpid() or not _is_alive(int(number))):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is another user's
        return True
    return True


def _sync(path: Path) -> None:
    """Have a file or a folder written to disk; some file systems sync no folders."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        if not path.is_dir():
            raise
