"""Files of other kinds that are given as checkpoints: what they are, before anything reads them."""

from __future__ import annotations

import os
import tarfile

from .checksums import parts_of
from .safetensors_files import is_safetensors
from .trust import checkpoints_are_trusted

_FOREIGN = "torch.save wrote no such file"
_EXPORTED = "name the checkpoint that it was exported from"
#: what a file of ``torch.save`` begins with: a pickle or an archive
_BEGINNINGS = (b"\x80", b"PK")


def other_kind(path: str) -> str | None:
    """Which kind of file was given in place of a checkpoint, by its beginning and its parts.

    torch would run a TorchScript archive, its versions before 2.6 would unpack the links of an old
    archive, and looking into compressed files may take for ever.

    Returns:
        What it is, in a sentence's end; None if ``torch.save`` may have written it, also before
        version 0.1.10 if it is trusted, and for an empty file.

    Raises:
        ChangedArchiveError: If the file is an archive whose list of parts is damaged.
    """
    if is_safetensors(path) or not os.path.getsize(path):
        return None
    with open(path, "rb") as file:
        begins = file.read(2).startswith(_BEGINNINGS)
    names = [part.filename for part in parts_of(path)] if begins else []
    if any(name.endswith("constants.pkl") for name in names):
        return f"it is a TorchScript archive, which is code and was not run; {_EXPORTED}"
    if any(name.endswith(("/archive_format", "exported_program.json")) for name in names):
        return f"it is a program of torch.export; {_EXPORTED}"
    if names and not any(name.endswith("data.pkl") for name in names):
        return f"{_FOREIGN}, as its archive has no data.pkl"
    if begins:
        return None
    if _is_tar(path):
        old = "it is an archive of torch before 0.1.10"
        return None if checkpoints_are_trusted() else old
    return f"{_FOREIGN}{f'; {_EXPORTED}' if path.lower().endswith('.onnx') else ''}"


def _is_tar(path: str) -> bool:
    try:
        with tarfile.open(path, "r:") as archive:  # without a look into compressed files
            return archive.next() is not None
    except (tarfile.TarError, OSError, ValueError):
        return False
