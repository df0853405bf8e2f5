"""mmengine's checkpoint loaders, routed to the one that reads them as data.

They are in place as soon as mmlhl is imported, so whatever loads a checkpoint comes by here: a
runner that loads or resumes, ``init_cfg=dict(type="Pretrained")`` of a backbone, mmseg's
``init_model``. The maintained mmengine's own would fall back to unrestricted unpickling.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as stock

from .reading import read_checkpoint


# mmengine takes what follows "load_from_" in a loader's name for its log.
def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """A file of this machine."""
    return read_checkpoint(filename, map_location)


def load_from_http(filename: str, map_location: Any = None) -> dict[str, Any]:
    """An address: downloaded into torch's cache once, then read as any file."""
    folder = os.path.join(torch.hub.get_dir(), "checkpoints")
    path = os.path.join(folder, os.path.basename(filename.split("?")[0]) or "checkpoint")
    if is_main_process() and not os.path.isfile(path):
        os.makedirs(folder, exist_ok=True)
        torch.hub.download_url_to_file(filename, path, progress=False)
    barrier()
    if not os.path.isfile(path):  # another machine's main process has another cache
        os.makedirs(folder, exist_ok=True)
        torch.hub.download_url_to_file(filename, path, progress=False)
    return read_checkpoint(path, map_location)


def load_from_zoo(filename: str, map_location: Any = None) -> dict[str, Any]:
    """A name in one of the lists that mmengine brings along: torchvision's, OpenMMLab's, mmcls's.

    Raises:
        ValueError: If the list does not have the name.
    """
    scheme, _, name = filename.partition("://")
    if scheme in ("torchvision", "modelzoo"):
        addresses = stock.get_torchvision_models()
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
    """A file in a storage that mmengine has a backend for."""
    backend = get_file_backend(filename, backend_args=dict(backend="petrel"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(filename))
        with open(path, "wb") as file:
            file.write(backend.get(filename))
        return read_checkpoint(path, map_location)


def load_from_pavi(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Refused: mmengine's own loader of this service reads without restriction.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{filename}: download the file, and name the file")


def register_loaders() -> None:
    """Put these in the place of mmengine's own loaders; harmless to repeat."""
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
