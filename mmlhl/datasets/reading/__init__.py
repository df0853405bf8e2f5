"""Reading images and arrays through mmengine's file backends."""

from .arrays import ARRAY_SUFFIXES, decode_npy, decode_npz
from .contents import is_lossy, refuse_several
from .files import is_array, read_bytes, read_raw
from .images import decode_image
from .kept_arrays import remembered, remembering
from .lists import columns_hint, read_lines
from .orientation import as_stored, orientation_of, turns
from .pillow import never_run_postscript

never_run_postscript()

__all__ = [
    "ARRAY_SUFFIXES",
    "as_stored",
    "columns_hint",
    "decode_image",
    "decode_npy",
    "decode_npz",
    "is_array",
    "is_lossy",
    "orientation_of",
    "read_bytes",
    "read_lines",
    "read_raw",
    "refuse_several",
    "remembered",
    "remembering",
    "turns",
]
