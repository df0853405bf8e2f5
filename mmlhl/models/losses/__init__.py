"""Losses: pure maths on tensors, each a function and a thin registered module.

``dense_loss`` compares predictions with ground truth, the others compare a student with its
teacher. ``masking`` has masked means and the cast out of half precision, ``saturation``
probabilities that keep their gradient, ``grouping`` HAD's groups of pixels, ``alignment`` resizes
two networks' maps to one grid. Losses import no head, no method and nothing else of the package.
"""

from .cwd_loss import CWDLoss, channel_kl
from .dense_loss import DenseBCELoss, DenseCosineLoss, DenseL1Loss
from .grouping import equal_width_groups, foreground_groups, scaled_channel_mean
from .had_loss import (
    HADLoss,
    distribution_balanced,
    salience_guided,
    salient_pixels,
    sobel_magnitude,
)
from .had_release_loss import HADReleaseLoss, release_by_class, release_by_foreground
from .heteroakd_loss import HeteroAKDLoss, evaluate_knowledge, heteroakd, mix_knowledge
from .kd_loss import KDLoss, pixel_kl
from .masking import full_precision, masked_mean, pixel_mean
from .unexplained_loss import unexplained, weighted_centre

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
    "full_precision",
    "heteroakd",
    "masked_mean",
    "mix_knowledge",
    "pixel_kl",
    "pixel_mean",
    "release_by_class",
    "release_by_foreground",
    "salience_guided",
    "salient_pixels",
    "scaled_channel_mean",
    "sobel_magnitude",
    "unexplained",
    "weighted_centre",
]
