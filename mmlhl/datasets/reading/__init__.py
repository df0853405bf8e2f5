"""Reading images and arrays through mmengine's file backends."""

from .arrays import ARRAY_SUFFIXES, decode_npy, decode_npz
from .files import is_array, read_bytes, read_raw
from .images import decode_image, is_lossy
from .lists import read_lines
from .orientation import orientation_of

__all__ = [
    "ARRAY_SUFFIXES",
    "decode_image",
    "decode_npy",
    "decode_npz",
    "is_array",
    "is_lossy",
    "orientation_of",
    "read_bytes",
    "read_lines",
    "read_raw",
]
