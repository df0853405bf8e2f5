"""Which networks can be exported to which formats, and the difference of graph and model."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmseg.registry import MODELS
from torch import nn

from ...inference import LoadedModel
from ...inference.export import ExportError, export_model
from ...inference.export.exporting import FORMATS, SHAPES
from .running import commit

_BN = dict(type="BN")
_RESNET = dict(
    type="ResNet",
    depth=18,
    base_channels=16,
    dilations=(1, 1, 1, 2),
    strides=(1, 2, 2, 1),
    norm_cfg=_BN,
)
_LAST = dict(in_channels=128, in_index=3, channels=32, norm_cfg=_BN, align_corners=False)
_LEVELS = dict(in_index=[0, 1, 2, 3], channels=32, norm_cfg=_BN, align_corners=False)
_SIZE = (64, 96)


class Network(NamedTuple):
    """An encoder, the decoder of its tasks, and the image size if the graph needs a fixed one."""

    backbone: Mapping[str, Any]
    decoder: Mapping[str, Any]
    size: tuple[int, int] | None = None


#: Narrow networks by name; the difference of a graph does not depend on the width.
NETWORKS = {
    "ResNet-18, ASPPHead (DeepLabV3)": Network(_RESNET, dict(type="ASPPHead", dilations=(1, 2, 4))),
    "ResNet-18, DepthwiseSeparableASPPHead (DeepLabV3+)": Network(
        _RESNET,
        dict(
            type="DepthwiseSeparableASPPHead",
            dilations=(1, 2, 4),
            c1_in_channels=16,
            c1_channels=8,
        ),
    ),
    "ResNet-18, FCNHead": Network(_RESNET, dict(type="FCNHead")),
    "ResNet-18, PSPHead": Network(_RESNET, dict(type="PSPHead")),
    "ResNet-18, UPerHead": Network(
        _RESNET, dict(type="UPerHead", in_channels=[16, 32, 64, 128], **_LEVELS)
    ),
    "ResNet-18, NLHead": Network(_RESNET, dict(type="NLHead")),
    "MobileNetV2, ASPPHead": Network(
        dict(type="MobileNetV2", widen_factor=0.25, out_indices=(1, 2, 4, 6), norm_cfg=_BN),
        dict(type="ASPPHead", dilations=(1, 2, 4), in_channels=80),
    ),
    "EfficientNet-Lite0, SegformerHead (the demo's)": Network(
        dict(type="EfficientNetLite", channels_last=True),
        dict(type="SegformerHead", in_channels=[24, 40, 112, 320], **_LEVELS),
    ),
    "MiT-B0, SegformerHead (SegFormer)": Network(
        dict(type="MixVisionTransformer", embed_dims=16),
        dict(type="SegformerHead", in_channels=[16, 32, 64, 128], **_LEVELS),
    ),
    "SwinTransformer, UPerHead": Network(
        dict(
            type="SwinTransformer",
            embed_dims=16,
            depths=(1, 1, 1, 1),
            num_heads=(1, 2, 4, 8),
            window_size=4,
        ),
        dict(type="UPerHead", in_channels=[16, 32, 64, 128], **_LEVELS),
        _SIZE,
    ),
    "VisionTransformer, FCNHead": Network(
        dict(
            type="VisionTransformer",
            img_size=_SIZE,
            patch_size=16,
            embed_dims=32,
            num_layers=2,
            num_heads=2,
        ),
        dict(type="FCNHead", in_channels=32, in_index=0),
        _SIZE,
    ),
}


def build(network: Network) -> LoadedModel:
    """A segmentor of classes, depth and normals with random weights.

    Returns:
        The model, as if loaded from a checkpoint.
    """
    decoder = {**_LAST, **network.decoder}
    heads = dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    )
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type="LifelongSegmentor",
            data_preprocessor=dict(
                type="MultiTaskDataPreProcessor", mean=[127.5] * 3, std=[127.5] * 3
            ),
            backbone=copy.deepcopy(dict(network.backbone)),
            heads=heads,
        )
    )
    for head in model.heads.values():  # mmseg's initial weights give almost constant outputs
        nn.init.normal_(head.decoder.conv_seg.weight, std=1.0)
    return LoadedModel(model.eval().requires_grad_(False), {}, {}, "random.pth")


def difference(network: Network, format: str) -> str:
    """The difference of a graph and its model, as a cell of the table.

    Returns:
        The greatest difference over all tasks, or the reason why the export failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model" + FORMATS[format].ending)
        try:
            found = export_model(build(network), path, format, size=network.size)
        except ExportError as error:
            return f"refused: {error}"
    return f"{max(found.values()):.1e}"


def export_report(names: Sequence[str], formats: Sequence[str], command: str) -> str:
    """The table of all networks and formats."""
    shapes = ", ".join("x".join(map(str, shape)) for shape in SHAPES)
    lines = [
        f"Command: `{command}`; commit {commit()}, torch {torch.__version__.split('+')[0]}.",
        "",
        f"Greatest difference from torch over classes, depth and normals at {shapes} (images x "
        "height x width), random weights; with a size, at that size.",
        "",
        f"| model | {' | '.join(formats)} |",
        f"| --- |{' ---: |' * len(formats)}",
    ]
    for name in names:
        network = NETWORKS[name]
        cells = [difference(network, format) for format in formats]
        size = f", size {network.size[0]}x{network.size[1]}" if network.size else ""
        lines.append(f"| {name}{size} | {' | '.join(cells)} |")
    return "\n".join(lines)
