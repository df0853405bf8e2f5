"""Heads: one file per output space.

A head is a decoder (any mmseg decode head) plus the meaning of its map. ``output_space`` holds the
part of the contract that methods use, ``base_head`` the whole contract with its defaults; each
other file is one output space. Heads import no segmentor and no method; they may import ``losses``.
A new kind of task is one new file here, or one class in your own module; see the page "Add a task,
a method, a metric, a dataset".
"""

from .base_head import BaseDenseHead
from .binary_head import BinaryHead
from .channel_head import ChannelHead
from .depth_head import DepthHead
from .normal_head import NormalHead
from .segmentation_head import SegmentationHead

__all__ = [
    "BaseDenseHead",
    "BinaryHead",
    "ChannelHead",
    "DepthHead",
    "NormalHead",
    "SegmentationHead",
]
