"""Names and colours of the classes of rooms, in the order of their ids."""

from .nyuv2_classes import CLASSES_13, PALETTE_13

CLASSES = CLASSES_13
"""The 13 classes of NYUv2's reduction. As in NYUv2, doors are wall, curtains are window, rugs are
floor, cabinets and shelves are furniture; unlike there, mirrors are picture."""

PALETTE = tuple(tuple(colour) for colour in PALETTE_13)
"""One RGB colour per class."""

IGNORE = 255
"""Label of a pixel without a class."""

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
