"""Replacements for mmengine's checkpoint loaders that read checkpoints as data only.

Importing mmlhl registers them, so that all loading uses them: runners that load or resume,
``init_cfg=dict(type="Pretrained")`` of a backbone, mmseg's ``init_model``. The loaders of the
maintained mmengine would fall back to unrestricted unpickling.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as stock

from ..explaining import explained_error
from ..files import write_text
from .reading import CheckpointError, read_checkpoint

#: ending of the file beside a downloaded one that holds its URL
_SOURCE = ".url"


def read_anywhere(path: str) -> dict[str, Any]:
    """Read a checkpoint that a config names, by its path or by an address, without a line.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If there is no such name or address, or the file is no checkpoint.
    """
    return CheckpointLoader.load_checkpoint(path, "cpu", logger="silent")


# mmengine logs the part of a loader's name after "load_from_".
def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a local file."""
    return read_checkpoint(filename, map_location)


def load_from_http(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a URL, which is downloaded once into torch's cache.

    Raises:
        CheckpointError: If it cannot be downloaded, in all processes.
    """
    path = _cached(filename)
    problem = None
    if is_main_process() and not os.path.isfile(path):
        try:
            _download(filename, path)
        except CheckpointError as error:  # others wait
            problem = error
    barrier()
    if problem is not None:
        raise problem
    if not os.path.isfile(path):  # another machine, whose cache the main process does not fill
        _download(filename, path)
    return read_checkpoint(path, map_location)


def _cached(address: str) -> str:
    """The place of a URL's file in torch's cache.

    torch names files by the last part of their URL, so that two files of that name would be taken
    for one. A file from another URL, as noted when it was downloaded here, is left alone.
    """
    name = os.path.basename(address.split("?")[0]) or "checkpoint"
    path = os.path.join(torch.hub.get_dir(), "checkpoints", name)
    source = Path(path + _SOURCE)
    if source.is_file() and source.read_text(encoding="utf-8") != address:
        start, end = os.path.splitext(path)
        return f"{start}-{zlib.crc32(address.encode()):08x}{end}"
    return path


def _download(address: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_text(path + _SOURCE, address)  # first, so that no file is without it
    try:
        torch.hub.download_url_to_file(address, path, progress=False)
    except (OSError, HTTPException) as error:
        raise CheckpointError(
            f"{address} cannot be downloaded: {explained_error(error)}; download it elsewhere, and "
            "name the file"
        ) from error


def load_from_zoo(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load by a name in one of mmengine's lists: torchvision's, OpenMMLab's or mmcls's.

    Raises:
        CheckpointError: If it is of torchvision, which is not installed.
        ValueError: If the name is not in the list.
    """
    scheme, _, name = filename.partition("://")
    if scheme in ("torchvision", "modelzoo"):
        try:
            addresses = stock.get_torchvision_models()
        except ImportError as error:
            raise CheckpointError(
                f"{filename} needs torchvision, which knows its address: {explained_error(error)}; "
                "install the one that fits torch, or name a file"
            ) from error
    elif scheme == "mmcls":
        addresses = stock.get_mmcls_models()
    else:
        addresses = stock.get_external_models()
        name = stock.get_deprecated_model_names().get(name, name)
    if name not in addresses:
        raise ValueError(f"{filename}: mmengine knows no checkpoint {name!r} of {scheme}")
    address = addresses[name]
    if "://" not in address:
        return read_checkpoint(os.path.join(stock._get_mmengine_home(), address), map_location)
    loaded = load_from_http(address, map_location)
    return stock._process_mmcls_checkpoint(loaded) if scheme == "mmcls" else loaded


def load_from_storage(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a file from a storage for which mmengine has a backend."""
    backend = get_file_backend(filename, backend_args=dict(backend="petrel"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(filename))
        with open(path, "wb") as file:
            file.write(backend.get(filename))
        return read_checkpoint(path, map_location)


def load_from_pavi(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Refuse to load, since mmengine's loader for this service unpickles without restriction.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{filename}: download the file, and name the file")


def register_loaders() -> None:
    """Replace mmengine's own loaders by these; harmless to repeat."""
    loaders = {
        "": load_from_local,
        ("http://", "https://"): load_from_http,
        ("torchvision://", "modelzoo://"): load_from_zoo,
        ("open-mmlab://", "openmmlab://", "mmcls://"): load_from_zoo,
        (r"(\S+\:)?s3://", r"(\S+\:)?petrel://"): load_from_storage,
        "pavi://": load_from_pavi,
    }
    for prefixes, loader in loaders.items():
        CheckpointLoader.register_scheme(prefixes, loader, force=True)
