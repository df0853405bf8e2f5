"""Decode heads that mmseg does not have: networks from feature maps to one map."""

from .deeplab_head import DeepLabHead

__all__ = ["DeepLabHead"]
