"""A teacher's pseudo labels on disk, which are loaded and moved with the image like annotations.

- ``coding``: a label as few bytes per pixel, and back.
- ``checking``: how a label is stored, and the checks of one that is read.
- ``folder``: one file per image, and a manifest that identifies the teacher.
- ``attaching``: the datasets that read the labels, and their images.
"""

from .attaching import Images, attach, labelled_datasets, plain_images
from .checking import LabelSpec
from .coding import LabelError, decode_label, encode_label
from .folder import LabelFolder

__all__ = [
    "Images",
    "LabelError",
    "LabelFolder",
    "LabelSpec",
    "attach",
    "decode_label",
    "encode_label",
    "labelled_datasets",
    "plain_images",
]
