"""Frozen models: freezing, strict loading, adopting weights and converting inputs.

Segmentors and methods import this package; it imports neither of them.
"""

from .adopting import adopt_state_dict, load_adopted
from .committee import TEACHERS, Committee, build_committee, members, teaching
from .exact_loading import load_exactly, misfits, surplus
from .feature_taps import (
    FeatureTaps,
    Tap,
    blank_image,
    encoder_channels,
    find_channels,
    run_for_taps,
)
from .freezing import FrozenModels, freeze
from .inputs import convert_inputs, describe_input, input_normalisation
from .labelling import label_images, read_labels
from .lifelong_teacher import build_teacher
from .segmentor_teacher import build_frozen_segmentor, load_frozen_weights, model_config

__all__ = [
    "Committee",
    "FeatureTaps",
    "FrozenModels",
    "TEACHERS",
    "Tap",
    "adopt_state_dict",
    "blank_image",
    "build_committee",
    "build_frozen_segmentor",
    "build_teacher",
    "convert_inputs",
    "describe_input",
    "encoder_channels",
    "find_channels",
    "freeze",
    "input_normalisation",
    "label_images",
    "load_adopted",
    "load_exactly",
    "load_frozen_weights",
    "members",
    "misfits",
    "model_config",
    "read_labels",
    "run_for_taps",
    "surplus",
    "teaching",
]
