from .cwd_loss import CWDLoss, channel_kl
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
from .had_release_loss import HADReleaseLoss
from .heteroakd_loss import HeteroAKDLoss, evaluate_knowledge, heteroakd, mix_knowledge
from .kd_loss import KDLoss, pixel_kl

__all__ = [
    "CWDLoss",
    "DenseBCELoss",
    "DenseCosineLoss",
    "DenseL1Loss",
    "HADLoss",
    "HADReleaseLoss",
    "HeteroAKDLoss",
    "KDLoss",
    "channel_kl",
    "distribution_balanced",
    "equal_width_groups",
    "evaluate_knowledge",
    "foreground_groups",
    "heteroakd",
    "mix_knowledge",
    "pixel_kl",
    "pixel_mean",
    "salience_guided",
    "salient_pixels",
    "scaled_channel_mean",
    "sobel_magnitude",
]
