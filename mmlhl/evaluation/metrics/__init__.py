"""One metric per output space."""

from . import stock_depth_metric, stock_iou_metric  # noqa: F401  (they register)
from .binary_metric import BinaryMetric
from .channel_error_metric import ChannelErrorMetric
from .depth_error_metric import DepthErrorMetric
from .normal_error_metric import NormalErrorMetric
from .segmentation_metric import SegmentationMetric
from .streaming_metric import StreamingMetric

__all__ = [
    "BinaryMetric",
    "ChannelErrorMetric",
    "DepthErrorMetric",
    "NormalErrorMetric",
    "SegmentationMetric",
    "StreamingMetric",
]
