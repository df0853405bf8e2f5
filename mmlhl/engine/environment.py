"""The versions and the device with which a sequence is trained."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import mmcv
import mmengine
import mmseg
import torch
from mmengine.utils.dl_utils import collect_env

from ..version import __version__

PACKAGE = Path(__file__).resolve().parents[1]


def environment() -> dict[str, str]:
    """Versions, device and, if mmlhl runs from a git checkout, its commit."""
    found = {
        "mmlhl": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "mmengine": mmengine.__version__,
        "mmcv": mmcv.__version__,
        "mmseg": mmseg.__version__,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
    }
    commit = checkout_commit(PACKAGE.parent)
    return {**found, "commit": commit} if commit else found


def machine() -> dict[str, object]:
    """mmengine's description of machine and packages, and `environment`.

    If mmengine fails, its error is the description, so that it does not prevent training. mmengine
    imports distutils, which Python dropped in 3.12 and setuptools provides.
    """
    try:
        collected = dict(collect_env())
    except Exception as error:
        collected = {"not collected": f"{type(error).__name__}: {error}"}
    return {**collected, **environment()}


def checkout_commit(folder: Path) -> str | None:
    """Short hash of a checkout's commit; None if the folder is no checkout, or git is missing.

    Args:
        folder: Root of the checkout. A package inside another project's checkout has no commit.
    """
    if not (folder / ".git").exists():
        return None
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip() or None
