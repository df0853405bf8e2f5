"""Which of mmseg's decode heads can be the decoder of a dense head, and which options take effect.

A decoder is a network from feature maps to one map. A decode head that returns several maps, needs
the map of another head, or has its own output space is refused by name. The table in
``docs/decoders.md`` is generated here; a test tries every decode head that mmseg registers.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import nn

from ...config_values import is_number
from ...faulty_option import option_named
from ...registered import registered_class, type_name
from ...spelling import hint

_SEVERAL = "it gives several maps in training, and its losses for the others would not be used"
_MASKS = "it predicts masks and their classes, no map"
_CASCADE = "it refines the map of another decode head, and a task has one decoder"
_OPERATORS = "needs mmcv with its compiled operators"

REFUSED: dict[str, str] = {
    "DAHead": _SEVERAL,
    "DDRHead": _SEVERAL,
    "IterativeDecodeHead": _SEVERAL,
    "KernelUpdateHead": "it is a part of IterativeDecodeHead",
    "KernelUpdator": "it is a part of IterativeDecodeHead",
    "Mask2FormerHead": _MASKS,
    "MaskFormerHead": _MASKS,
    "OCRHead": _CASCADE,
    "PIDHead": _SEVERAL,
    "PointHead": _CASCADE,
    "STDCHead": "its boundary targets would not be used; without them it is an FCNHead",
    "SideAdapterCLIPHead": _MASKS,
    "VPDDepthHead": (
        "its map is depth already; DepthHead(activation='sigmoid', max_depth=...) does the same "
        "around any other decoder"
    ),
}
CLASSES_ONLY: dict[str, str] = {
    "SegmenterMaskTransformerHead": (
        "it normalises each pixel over the channels, so that one channel is constant and several "
        "sum to zero"
    ),
}
REMARKS: dict[str, str] = {
    "CCHead": _OPERATORS,
    "EncHead": "without its loss of the classes' presence",
    "LRASPPHead": "on feature maps of at least 49 x 49 pixels, over which it pools",
    "PSAHead": _OPERATORS,
}
SERVING = (
    "ANNHead APCHead ASPPHead CCHead DMHead DNLHead DPTHead DepthwiseSeparableASPPHead "
    "DepthwiseSeparableFCNHead EMAHead EncHead FCNHead FPNHead GCHead ISAHead LRASPPHead "
    "LightHamHead NLHead PSAHead PSPHead SETRMLAHead SETRUPHead SegformerHead "
    "SegmenterMaskTransformerHead UPerHead"
).split()


def build_decoder(config: Mapping[str, Any], channels: int, owner: str, kind: str) -> nn.Module:
    """Build a decode head as a network that returns one map.

    Args:
        config: Config of any registered decode head; ``num_classes`` may be left out.
        channels: K, the number of channels of the map.
        owner: Class of the head, for messages.
        kind: What the map shows, ``classes`` or another of ``mmlhl.datasets.annotation.KINDS``.

    Returns:
        The decode head. Its own loss is a placeholder that is never called.

    Raises:
        ValueError: If the decode head cannot be used, or one of its options would have no effect.
    """
    config = dict(config)
    cls, name = registered_class(MODELS, config), type_name(config)
    if cls is None:
        known = [*SERVING, *REFUSED]
        raise ValueError(
            f"{owner}: decoder.type {config.get('type')!r} is not registered{hint(name, known)}"
        )
    _check_class(cls, name, owner, kind)
    _check_options(config, channels, owner, name)
    if "EncHead" in _names(cls):
        config.setdefault("use_se_loss", False)
    config["num_classes"] = channels
    if channels == 1:
        config["threshold"] = 0.5  # unused, but mmseg warns without one
    elif channels == 2:
        config["out_channels"] = 2
    # never called; chosen because it builds without a warning
    config["loss_decode"] = dict(type="CrossEntropyLoss", avg_non_ignore=True)
    try:
        decoder = MODELS.build(config)
    except Exception as error:  # a constructor may raise anything
        text = option_named(lambda each: MODELS.build(copy.deepcopy(each)), config, error)
        if isinstance(config.get("in_channels"), (list, tuple)) and "in_channels" in text:
            text += "; several in_channels need input_transform='resize_concat' or another"
        raise ValueError(f"{owner}: decoder {name} cannot be built: {text}") from error
    made = getattr(decoder, "out_channels", channels)
    if made != channels:
        raise ValueError(
            f"{owner}: decoder {name} gives {made} channel(s), but this output space has {channels}"
        )
    return decoder


def _names(cls: type) -> list[str]:
    return [base.__name__ for base in cls.__mro__]


def _check_class(cls: type, name: str, owner: str, kind: str) -> None:
    reasons = REFUSED if kind == "classes" else {**REFUSED, **CLASSES_ONLY}
    for base in ["BaseCascadeDecodeHead", *reasons]:
        if base in _names(cls):
            reason = reasons.get(base, _CASCADE)
            raise ValueError(f"{owner}: decoder {name} cannot be used here: {reason}")
    if not issubclass(cls, nn.Module):
        raise ValueError(f"{owner}: decoder {name} is not a decode head but a {cls.__name__}")
    own = [m for m in ("loss", "loss_by_feat") if _overrides(cls, m)]
    if own and name != "EncHead":
        print_log(f"{owner}: {name}.{own[0]} is not used, the losses are the head's", "current")


def _overrides(cls: type, method: str) -> bool:
    mine = getattr(cls, method, None)
    return mine is not None and mine is not getattr(BaseDecodeHead, method)


def _check_options(config: dict, channels: int, owner: str, name: str) -> None:
    """Refuse options that would have no effect, unless they equal what is used anyway."""
    for key in ("num_classes", "out_channels"):
        if config.get(key, channels) not in (channels, None):
            raise ValueError(
                f"{owner}: decoder.{key} is {config[key]}, but this output space has {channels} "
                f"channel(s); leave {key} out of the decoder"
            )
    unused = dict(
        loss_decode="the loss is the head's; move it to the head, beside the decoder: loss=...",
        loss_se_decode="the loss is the head's, and classes' presence is not learned",
        threshold="the head decides; give it to the head: delta=...",
        boundary_threshold="there are no boundary targets",
        train_cfg="the decoder is a network alone",
        test_cfg="the decoder is a network alone",
    )
    for key, reason in unused.items():
        if config.get(key) is not None:
            raise ValueError(f"{owner}: decoder.{key} would not be used: {reason}")
        config.pop(key, None)
    ratio = config.get("dropout_ratio")
    if is_number(ratio) and not 0 <= ratio < 1 and ratio != -1:  # mmseg's HRNet has -1 for none
        raise ValueError(
            f"{owner}: decoder.dropout_ratio must be within [0, 1), or -1 for none, got {ratio!r}; "
            "at 1 nothing would be trained"
        )
    if config.get("use_se_loss"):
        raise ValueError(
            f"{owner}: decoder.use_se_loss would not be used: {unused['loss_se_decode']}"
        )
    if config.get("ignore_index", 255) != 255:
        raise ValueError(
            f"{owner}: decoder.ignore_index would not be used: the loss is the head's; move it to "
            "the head, beside the decoder: ignore_index=..."
        )
    if config.get("sampler") is not None:
        raise ValueError(
            f"{owner}: decoder.sampler would not be used: pixels are sampled by classes, as in a "
            "SegmentationHead"
        )


def table() -> str:
    """The decode heads of mmseg as a table in Markdown."""
    lines = ["| Decode head | as a decoder |", "|---|---|"]
    for name in sorted([*SERVING, *REFUSED]):
        if name in REFUSED:
            text = f"is refused: {REFUSED[name]}"
        elif name in CLASSES_ONLY:
            text = f"can be used for classes only: {CLASSES_ONLY[name]}"
        else:
            text = f"can be used: {REMARKS[name]}" if name in REMARKS else "can be used"
        lines.append(f"| `{name}` | {text} |")
    return "\n".join(lines) + "\n"
