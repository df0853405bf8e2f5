"""Tags of the pages of a TIFF file, including those that Pillow cannot open."""

from __future__ import annotations

import struct

SUBFILE, COMPRESSION, SAMPLE_FORMAT = 254, 259, 339
"""Tags for the role of a page, its compression and its number format."""

_KINDS = {b"II*\0": ("<", False), b"MM\0*": (">", False)}
_BIG_KINDS = {b"II+\0": ("<", True), b"MM\0+": (">", True)}  # with 64-bit offsets
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # types of values: bytes and whole numbers
_MOST_PAGES = 1000


def is_tiff(content: bytes) -> bool:
    """Whether an encoded image is TIFF, whose orientation tag is applied by the decoders."""
    return content[:4] in _KINDS or content[:4] in _BIG_KINDS


def tiff_pages(content: bytes) -> list[dict[int, int]]:
    """Tags of each page.

    Args:
        content: An encoded image; one that is not TIFF has no pages.

    Returns:
        For each page, the first value of each tag of whole numbers; broken tags are left out.
    """
    if not is_tiff(content):
        return []
    order, big = {**_KINDS, **_BIG_KINDS}[content[:4]]
    pages: list[dict[int, int]] = []
    seen = set()
    try:
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
        while place and place not in seen and len(pages) < _MOST_PAGES:
            seen.add(place)
            page, place = _page(content, place, order, big)
            pages.append(page)
    except struct.error:  # the file ends before
        pass
    return pages


def _page(content: bytes, place: int, order: str, big: bool) -> tuple[dict[int, int], int]:
    """Tags of the page at an offset, and the offset of the next page."""
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, place)
    place += 8 if big else 2
    entry = "HHQ" if big else "HHI"
    size = 20 if big else 12
    tags: dict[int, int] = {}
    for start in range(place, min(place + count * size, len(content)), size):
        tag, kind, number = struct.unpack_from(order + entry, content, start)
        if kind not in _NUMBERS or not number:
            continue
        inside = start + struct.calcsize(order + entry)
        value = order + _NUMBERS[kind]
        if number * struct.calcsize(value) > (8 if big else 4):
            (inside,) = struct.unpack_from(order + ("Q" if big else "I"), content, inside)
        if inside + struct.calcsize(value) <= len(content):
            tags[tag] = struct.unpack_from(value, content, inside)[0]
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), content, place + count * size)
    return tags, following
