"""Names and colours of the classes of rooms, in the order of their ids."""

from .nyuv2_classes import CLASSES_13, PALETTE_13

CLASSES = CLASSES_13
"""The 13 classes, those of NYUv2's reduction. As there, doors count as wall, curtains as window,
rugs as floor, cabinets and shelves as furniture; mirrors count as picture."""

PALETTE = tuple(tuple(colour) for colour in PALETTE_13)
"""One RGB colour per class."""

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
