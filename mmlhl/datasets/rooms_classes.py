"""Names and colours of the classes of rooms, in the order of their ids."""

CLASSES = (
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
"""The 13 classes, named like the 13-class reduction of NYUv2. As there, doors count as wall,
curtains as window, mirrors as picture, rugs as floor, cabinets and shelves as furniture."""

PALETTE = (
    (214, 39, 40),
    (188, 189, 34),
    (199, 210, 230),
    (255, 152, 60),
    (140, 110, 84),
    (97, 76, 160),
    (23, 190, 207),
    (240, 110, 190),
    (44, 130, 60),
    (152, 223, 138),
    (20, 24, 40),
    (200, 190, 160),
    (60, 120, 230),
)
"""One RGB colour a class."""

IGNORE = 255
"""Label of a pixel whose class is not given."""

(
    BED,
    BOOKS,
    CEILING,
    CHAIR,
    FLOOR,
    FURNITURE,
    OBJECTS,
    PICTURE,
    SOFA,
    TABLE,
    TV,
    WALL,
    WINDOW,
) = range(len(CLASSES))
