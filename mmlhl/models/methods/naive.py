"""Sequential fine-tuning."""

from mmseg.registry import MODELS

from .base_method import BaseMethod


@MODELS.register_module()
class Naive(BaseMethod):
    """Sequential fine-tuning without any protection of old tasks: the lower bound.

    Old heads get no loss and are frozen, while the encoder changes beneath them.
    """
