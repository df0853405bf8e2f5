"""Cityscapes: 19 classes or 7 categories, and their ids in the files."""

from __future__ import annotations

CLASSES_19 = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
PALETTE_19 = [
    [128, 64, 128],
    [244, 35, 232],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
]
CLASSES_7 = ("flat", "construction", "object", "nature", "sky", "human", "vehicle")
PALETTE_7 = [
    [128, 64, 128],
    [70, 70, 70],
    [153, 153, 153],
    [107, 142, 35],
    [70, 130, 180],
    [220, 20, 60],
    [0, 0, 142],
]
LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Stored label id of each of the 19 classes; the other ids up to 33 are ignored."""

CATEGORIES = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6, 6, 6, 6)
"""Category of each of the 19 classes."""

METAINFO = {
    19: dict(classes=CLASSES_19, palette=PALETTE_19),
    7: dict(classes=CLASSES_7, palette=PALETTE_7),
}
"""Names and colours by the number of classes."""


def metainfo_of(num_classes: int) -> dict:
    """Names and colours of the 19 classes or the 7 categories.

    Returns:
        Dictionary with ``classes`` and ``palette``.

    Raises:
        ValueError: For any other number.
    """
    if not isinstance(num_classes, int) or num_classes not in METAINFO:
        raise ValueError(f"num_classes of Cityscapes is {num_classes!r}; it must be 19 or 7")
    return METAINFO[num_classes]


def id_map_of(num_classes: int) -> dict[int, int]:
    """Stored ``labelIds`` -> class.

    Ids that the official evaluation ignores (parking, bridge, trailer ...) belong to no category
    either.

    Returns:
        A class or 255 for every id from 0 to 33.
    """
    ids = {i: 255 for i in range(34)}
    for train_id, label_id in enumerate(LABEL_IDS):
        ids[label_id] = train_id if num_classes == 19 else CATEGORIES[train_id]
    return ids


def train_id_map_of(num_classes: int) -> dict[int, int]:
    """Stored ``labelTrainIds`` (made by the publisher's scripts) -> class.

    Returns:
        A class for every id from 0 to 18.
    """
    return {i: i if num_classes == 19 else CATEGORIES[i] for i in range(len(CLASSES_19))}
