"""The 40 classes of NYUv2 and their reduction to 13."""

CLASSES_13 = (
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
)
PALETTE_13 = [
    [214, 39, 40],
    [188, 189, 34],
    [199, 210, 230],
    [255, 152, 60],
    [140, 110, 84],
    [97, 76, 160],
    [23, 190, 207],
    [240, 110, 190],
    [44, 130, 60],
    [152, 223, 138],
    [20, 24, 40],
    [200, 190, 160],
    [60, 120, 230],
]

CLASSES_40 = tuple(
    """wall floor cabinet bed chair sofa table door window bookshelf picture counter blinds desk
    shelves curtain dresser pillow mirror floor_mat clothes ceiling books refrigerator television
    paper towel shower_curtain box whiteboard person night_stand toilet sink lamp bathtub bag
    other_structure other_furniture other_prop""".split()
)
"""Classes 1..40 of the common mapping of the 894 raw labels, from 0 on."""

_GROUPS = {
    "bed": "bed",
    "books": "books",
    "ceiling": "ceiling",
    "chair": "chair",
    "floor": "floor floor_mat",
    "furniture": "cabinet bookshelf counter shelves dresser refrigerator night_stand "
    "other_furniture",
    "objects": "pillow mirror clothes paper towel shower_curtain box whiteboard person toilet sink "
    "lamp bathtub bag other_structure other_prop",
    "picture": "picture",
    "sofa": "sofa",
    "table": "table desk",
    "tv": "television",
    "wall": "wall door",
    "window": "window blinds curtain",
}

TO_13 = tuple(
    next(i for i, name in enumerate(CLASSES_13) if old in _GROUPS[name].split())
    for old in CLASSES_40
)
"""Index in ``CLASSES_13`` of each of the 40 classes."""
