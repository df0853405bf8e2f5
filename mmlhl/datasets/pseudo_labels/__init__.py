"""A teacher's labels on disk, read like annotations and moved with the image like them.

- ``coding``: from a label to the few bytes per pixel that are stored, and back.
- ``folder``: one file per image, and the teacher that they are of.
- ``attaching``: the datasets of a loader that read them, and their images.
"""

from .attaching import Images, attach, labelled_datasets, plain_images
from .coding import LabelError, decode_label, encode_label
from .folder import LabelFolder, LabelSpec

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
