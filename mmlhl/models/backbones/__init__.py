"""Backbones that mmseg does not have, and where their ImageNet weights come from."""

from .dilated_resnet import DilatedResNet
from .efficientnet_lite import EfficientNetLite
from .installed_weights import installed_weights, positional_map

__all__ = ["DilatedResNet", "EfficientNetLite", "installed_weights", "positional_map"]
