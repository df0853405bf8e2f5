"""How each stock transform of mmcv and mmseg is treated in the pipeline of a multi-task dataset.

The table in ``docs/transforms.md`` is generated here; a test tries every registered transform.
"""

from __future__ import annotations

ACTS = "moves every label"
KEEPS = "leaves pixels where they are"
BECOMES = "is replaced by"
WRAPS = "wraps others, each of which is checked"
REFUSED = "is refused"

_VOLUMES = "it takes volumes (Z, Y, X), and images here have two axes"
_TENSORS = "PackMultiTaskInputs makes the tensors"

STOCK: dict[str, tuple[str, str]] = {
    "AdjustGamma": (KEEPS, ""),
    "Albu": (ACTS, "normals turn along"),
    "BioMedical3DPad": (REFUSED, _VOLUMES),
    "BioMedical3DRandomCrop": (REFUSED, _VOLUMES),
    "BioMedical3DRandomFlip": (REFUSED, _VOLUMES),
    "BioMedicalGaussianBlur": (REFUSED, _VOLUMES),
    "BioMedicalGaussianNoise": (KEEPS, ""),
    "BioMedicalRandomGamma": (REFUSED, _VOLUMES),
    "CLAHE": (KEEPS, ""),
    "CenterCrop": (ACTS, ""),
    "Compose": (WRAPS, ""),
    "ConcatCDInput": (REFUSED, "it takes pairs of images, and a sample here has one"),
    "GenerateEdge": (KEEPS, "its gt_edge_map is packed as a binary map"),
    "ImageToTensor": (REFUSED, _TENSORS),
    "InferencerLoader": (KEEPS, "loads"),
    "KeyMapper": (WRAPS, "with nothing inside that moves pixels"),
    "LoadAnnotations": (BECOMES, "LoadMultiTaskAnnotations"),
    "LoadBiomedicalAnnotation": (REFUSED, _VOLUMES),
    "LoadBiomedicalData": (REFUSED, _VOLUMES),
    "LoadBiomedicalImageFromFile": (REFUSED, _VOLUMES),
    "LoadDepthAnnotation": (
        REFUSED,
        "depth is an annotation: annotations=dict(depth=dict(kind='depth', dir=..., suffix=...))",
    ),
    "LoadImageFromFile": (BECOMES, "LoadImage"),
    "LoadImageFromNDArray": (KEEPS, "loads"),
    "LoadImageFromNpyFile": (KEEPS, "loads"),
    "LoadMultipleRSImageFromFile": (REFUSED, "it takes pairs of images, and a sample here has one"),
    "LoadSingleRSImageFromFile": (KEEPS, "loads"),
    "MultiScaleFlipAug": (
        REFUSED,
        "it packs 'data_sample', which mmseg's segmentors do not take; use TestTimeAug",
    ),
    "Normalize": (KEEPS, ""),
    "PackSegInputs": (BECOMES, "PackMultiTaskInputs"),
    "Pad": (ACTS, ""),
    "PhotoMetricDistortion": (KEEPS, ""),
    "RGB2Gray": (KEEPS, ""),
    "RandomApply": (WRAPS, ""),
    "RandomChoice": (WRAPS, ""),
    "RandomChoiceResize": (ACTS, ""),
    "RandomCrop": (ACTS, ""),
    "RandomCutOut": (KEEPS, "erases labels, too, if seg_fill_in is given"),
    "RandomDepthMix": (
        REFUSED,
        "it writes depth into the image, also where it is unmeasured and NaN",
    ),
    "RandomFlip": (ACTS, "normals change their signs"),
    "RandomGrayscale": (KEEPS, ""),
    "RandomMosaic": (
        REFUSED,
        "it joins four images of different magnification, whose depths do not fit together",
    ),
    "RandomResize": (ACTS, ""),
    "RandomRotFlip": (ACTS, "normals turn along"),
    "RandomRotate": (ACTS, "normals turn along"),
    "Rerange": (KEEPS, ""),
    "Resize": (ACTS, ""),
    "ResizeShortestEdge": (ACTS, ""),
    "ResizeToMultiple": (ACTS, ""),
    "SegRescale": (REFUSED, "it resizes labels without their image"),
    "TestTimeAug": (WRAPS, ""),
    "ToTensor": (REFUSED, _TENSORS),
    "TransformBroadcaster": (WRAPS, "with nothing inside that moves pixels"),
}


def refusal(name: str) -> str:
    """Why a stock transform is refused, as a sentence.

    Args:
        name: Its name; one whose entry is ``REFUSED``.
    """
    return f"{name} cannot be used with the annotations of a multi-task dataset: {STOCK[name][1]}"


def table() -> str:
    """The stock transforms as a table in Markdown."""
    lines = ["| Transform | in a `MultiTaskDataset` |", "|---|---|"]
    for name, (verdict, remark) in sorted(STOCK.items()):
        if verdict == BECOMES:
            text = f"{verdict} `{remark}`"
        else:
            text = f"{verdict}: {remark}" if remark else verdict
        lines.append(f"| `{name}` | {text} |")
    return "\n".join(lines) + "\n"
