"""Facts about an encoded image from its bytes, before it is decoded."""

from __future__ import annotations

import re

from .pfm import is_pfm
from .pillow import open_with_pillow, refuse_postscript
from .png import GREY_ALPHA, PNG, RGB, RGBA, png_header
from .tiff import COMPRESSION, SAMPLE_FORMAT, SUBFILE, tiff_pages

JPEG = b"\xff\xd8\xff"
# all zeros in OpenCV, and others' colours in the order blue, green, red
_PAM_MISREAD = re.compile(rb"P7\s(?:.*\n)*?(MAXVAL\s+1|DEPTH\s+[2-9])\s")
_CHANNELS = {RGB: 3, GREY_ALPHA: 2, RGBA: 4}
#: bytes that one byte of PNG's compression can stand for at most
_MOST_DEFLATED = 1032
_LFS = b"version https://git-lfs"
_GIF = (b"GIF87a", b"GIF89a")
_END_OF_JPEG, _START_OF_SCAN = b"\xff\xd9", 0xDA
_ALONE = (0x01, *range(0xD0, 0xD8))  # markers of JPEG without a length
_CODESTREAM, _CODING_STYLE = b"\xff\x4f\xff\x51", b"\xff\x52"  # of JPEG 2000
_TIFF_LOSSY = (6, 7, 99, 34892)  # kinds of JPEG
_TIFF_FLOATS = 3
_TIFF_LOG = (34676, 34677)  # OpenCV's compression of float colours
_SMALLER, _MASK = 1, 4  # pages that belong to another


def count_images(content: bytes) -> int:
    """Number of consecutive images in a file.

    Returns:
        Number of frames of an animation, or of pages that are neither smaller copies nor masks of
        another. 1 if it is unknown, and for photographs to which the camera has appended others.
    """
    if content[:8] == PNG:
        start = content.find(b"acTL", 0, max(content.find(b"IDAT"), 0))
        return int.from_bytes(content[start + 4 : start + 8], "big") if start > 0 else 1
    if content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8X" and content[20:21]:
        return max(content.count(b"ANMF"), 2) if content[20] & 2 else 1
    if content[4:12] == b"ftypavis":
        return 2
    if content[:6] not in _GIF:
        pages = [page.get(SUBFILE, 0) for page in tiff_pages(content)]
        return max(sum(not kind & (_SMALLER | _MASK) for kind in pages), 1)
    try:
        with open_with_pillow(content) as image:
            return getattr(image, "n_frames", 1)
    except Exception:  # each of Pillow's formats raises its own
        return 1


def is_cut_off(content: bytes) -> bool:
    """Whether a JPEG file is truncated; many decoders fill the rest with grey.

    Returns:
        False for other formats, whose decoders refuse truncated files.
    """
    if content[:3] != JPEG:
        return False
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == _START_OF_SCAN:  # thumbnails are in separate segments before it
            return content.rfind(_END_OF_JPEG, place) < 0
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return place + 4 > len(content)


def claims_too_much(content: bytes) -> bool:
    """Whether a PNG file claims more pixels than its bytes can hold.

    Decoders would fill gigabytes for a header of some bytes.

    Args:
        content: An encoded image; False for other formats.
    """
    header = png_header(content)
    if header is None:
        return False
    channels = _CHANNELS.get(header.colour, 1)
    stored = (header.width * channels * header.bits + 7) // 8 * header.height
    return stored > _MOST_DEFLATED * len(content)


def is_lossy(content: bytes) -> bool:
    """Whether the compression of an image changes values.

    Returns:
        True for JPEG, also in TIFF, for AVIF, and for lossy WebP and JPEG 2000.
    """
    if content[:3] == JPEG or content[4:12] in (b"ftypavif", b"ftypavis"):
        return True
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return b"VP8 " in content[12:64]
    start = content.find(_CODESTREAM, 0, 1 << 12)
    if start >= 0:
        style = content.find(_CODING_STYLE, start)
        return style >= 0 and content[style + 13 : style + 14] == b"\0"
    return any(page.get(COMPRESSION) in _TIFF_LOSSY for page in tiff_pages(content)[:1])


def holds_floats(content: bytes) -> bool:
    """Whether an image contains floats, whose white point is unknown.

    Returns:
        True for PFM, OpenEXR, Radiance's HDR and TIFF of floats.
    """
    if is_pfm(content) or content[:4] == b"v/1\x01" or content[:2] == b"#?":
        return True
    return any(
        page.get(SAMPLE_FORMAT) == _TIFF_FLOATS or page.get(COMPRESSION) in _TIFF_LOG
        for page in tiff_pages(content)[:1]
    )


def refuse_placeholder(content: bytes, path: str) -> None:
    """Refuse an empty file, a program, and what Git LFS leaves in place of one not downloaded.

    Raises:
        ValueError: If the file is one of them.
    """
    if not content:
        raise ValueError(f"{path}: expected an image or an array, but the file is empty")
    refuse_postscript(content, path)
    if content.startswith(_LFS):
        raise ValueError(
            f"{path}: expected an image or an array, got a pointer of Git LFS; run 'git lfs pull'"
        )


def refuse_several(content: bytes, path: str) -> None:
    """Refuse a file of several images, of which decoders use the first, and one that is misread.

    Raises:
        ValueError: If the file is not a single complete image, or PAM of bits or colours.
    """
    refuse_placeholder(content, path)
    if claims_too_much(content):
        raise ValueError(
            f"{path}: expected an image, but it claims more pixels than the file can hold"
        )
    count = count_images(content)
    if count > 1:
        raise ValueError(f"{path}: expected one image, got {count}, one after another")
    if is_cut_off(content):
        raise ValueError(f"{path}: expected an image, but the JPEG ends before its pixels do")
    if found := _PAM_MISREAD.match(content):
        layout = " ".join(found[1].decode().split())
        raise ValueError(f"{path}: expected an image, but PAM with {layout} is not read; use PNG")
