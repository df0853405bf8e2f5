"""Files and addresses that a model's config names, which building the model would read."""

from __future__ import annotations

import re
from typing import Any

from .walking import placed_values

# an address, a path from the root, a home, a drive, a server, or a name of one of timm's places
_PLACE = re.compile(r"\w+://|[/~]|[A-Za-z]:[\\/]|\\\\|(hf[-_]hub|local-dir):|\.\.?[\\/]")
_FILE = re.compile(
    r"\.(bin|ckpt|csv|h5|json|npy|npz|onnx|pickle|pkl|pt|pth|py|safetensors|txt|ya?ml)$", re.I
)


def named_file(config: Any) -> str | None:
    """The first file or address that a model's config names.

    Returns:
        Its place and the name, such as ``backbone.weights is '/a/b.pth'``; None if there is
        none.
    """
    for place, value in placed_values(config):
        if isinstance(value, str) and (_PLACE.match(value) or _FILE.search(value)):
            return f"{place} is {value!r:.80}"
    return None
