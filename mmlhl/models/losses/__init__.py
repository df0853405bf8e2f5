from .dense_loss import DenseBCELoss, DenseCosineLoss, DenseL1Loss
from .grouping import equal_width_groups, foreground_groups, scaled_channel_mean
from .had_loss import (
    HADLoss,
    distribution_balanced,
    pixel_mean,
    salience_guided,
    salient_pixels,
    sobel_magnitude,
)

__all__ = [
    "DenseBCELoss",
    "DenseCosineLoss",
    "DenseL1Loss",
    "HADLoss",
    "distribution_balanced",
    "equal_width_groups",
    "foreground_groups",
    "pixel_mean",
    "salience_guided",
    "salient_pixels",
    "scaled_channel_mean",
    "sobel_magnitude",
]
