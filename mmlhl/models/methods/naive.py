"""Sequential fine-tuning."""

from mmseg.registry import MODELS

from .base_method import BaseMethod


@MODELS.register_module()
class Naive(BaseMethod):
    """Sequential fine-tuning: nothing is kept. The lower bound of every comparison.

    Old heads are frozen, they get no loss; the encoder drifts away below them.
    """
