"""Checksums of files, which tell a file that was changed from one that is as it was written.

torch writes the CRC32 of each part of an archive, but does not compare it when it reads: a changed
bit would be a changed weight.
"""

from __future__ import annotations

import errno
import os
import zipfile
import zlib

#: bytes that are read at a time
_CHUNK = 2**20
#: what zipfile raises if a file does not follow its format
_UNREADABLE = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, OverflowError, zlib.error)


class ChangedArchiveError(ValueError):
    """An archive whose bytes are not those that were written."""


def parts_of(path: str | os.PathLike) -> list[zipfile.ZipInfo]:
    """The parts of an archive; none if the file is no archive.

    Raises:
        ChangedArchiveError: If the list of parts is damaged.
    """
    try:
        if not zipfile.is_zipfile(path):
            return []
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (*_UNREADABLE, OSError) as error:
        raise _changed(error) from error


def check_parts(path: str | os.PathLike) -> None:
    """Check that each part of an archive is as it was written; takes 0.1 s per 100 MB.

    A file that is no archive has no checksums, nor has one that torch wrote without
    (``torch.serialization.set_crc32_options(False)``, then all are zero).

    Raises:
        ChangedArchiveError: With the first part whose checksum differs.
    """
    parts = parts_of(path)
    if not any(part.CRC for part in parts):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for part in parts:
                with archive.open(part.filename) as file:
                    while file.read(_CHUNK):
                        pass
    except (*_UNREADABLE, OSError) as error:
        raise _changed(error) from error


def weights_digest(path: str | os.PathLike) -> str | None:
    """A short digest of all tensors in an archive of ``torch.save``, by the checksums in it.

    Equal trainings have equal digests, though their files differ in times and versions.

    Args:
        path: A file that passes :func:`check_parts`; its tensors are not read again.

    Returns:
        Eight hexadecimal digits; None if the file is no archive or has no checksums.
    """
    # without the name of the root folder, which is that of a temporary file
    parts = [(p.filename.partition("/")[2], p.file_size, p.CRC) for p in parts_of(path)]
    parts = [part for part in parts if part[0].startswith("data/")]
    if not any(crc for *_, crc in parts):
        return None
    return f"{zlib.crc32(repr(sorted(parts)).encode()):08x}"


def _changed(error: Exception) -> Exception:
    """The error to raise; an error of the disk stays as it is."""
    # a position before the file's beginning, by a changed offset
    if isinstance(error, OSError) and error.errno != errno.EINVAL:
        return error
    return ChangedArchiveError(f"its bytes are not those that were written: {error}")
