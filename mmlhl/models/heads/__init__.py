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
