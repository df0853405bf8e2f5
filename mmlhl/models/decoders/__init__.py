"""Decode heads that mmseg does not have: networks from feature maps to one map, as it has them."""

from .deeplab_head import DeepLabHead

__all__ = ["DeepLabHead"]
