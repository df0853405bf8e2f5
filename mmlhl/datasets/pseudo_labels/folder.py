"""A folder of stored labels: one file per image, and a manifest that identifies the teacher."""

from __future__ import annotations

import contextlib
import json
import os
import os.path as osp
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ...files import MARK, atomic_path, clean_leftovers, write_text
from .checking import LabelSpec, check_label, stored_arrays
from .coding import Encoded, LabelError, decode_label

MANIFEST = "mmlhl_labels.json"
SUFFIX = ".npz"
VERSION = 1
#: name of an array that tells whose labels a file holds; older files have none
MARK_OF = "of"


#: what numpy and zipfile raise for files that are damaged, empty or of another format
_DAMAGES = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error),
)


class LabelFolder:
    """Labels of images by their id.

    Args:
        path: The folder.
        specs: The tasks, in their order.
        origin: Everything else that the labels depend on, such as the teacher's hash; plain data.
    """

    def __init__(
        self, path: str | os.PathLike, specs: Sequence[LabelSpec], origin: Mapping[str, Any]
    ) -> None:
        self.path = os.fspath(path)
        self.specs = list(specs)
        self._manifest = dict(
            version=VERSION, tasks=[asdict(spec) for spec in self.specs], origin=dict(origin)
        )

    # -- the folder ----------------------------------------------------------------------------
    def prepare(self) -> str | None:
        """Create the folder, or reuse its labels if they come from the same teacher.

        Labels of another teacher are removed.

        Returns:
            Why labels were removed; None if none were.

        Raises:
            ValueError: If the folder contains something else, which is not touched.
        """
        clean_leftovers(self.path)
        found, removed = self._found(), None
        if found is not None and found != self._manifest:
            removed = f"{self.path} holds labels of another teacher, task or view: made anew"
            self.remove()
            found = None
        if found is None:
            if osp.isdir(self.path) and os.listdir(self.path):
                raise ValueError(
                    f"{self.path} is not a folder of labels and is not empty; give pseudo_labels."
                    "folder another name, or empty it"
                )
            # written first, so that labels never exist without the manifest
            write_text(osp.join(self.path, MANIFEST), json.dumps(self._manifest, indent=1) + "\n")
        return removed

    def _found(self) -> dict | None:
        try:
            with open(osp.join(self.path, MANIFEST), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            return {}  # a manifest by its name, but unreadable: the labels are made anew

    def remove(self) -> None:
        """Remove the labels, if there are any; other files in the folder stay."""
        if not osp.isfile(osp.join(self.path, MANIFEST)):
            return
        for folder, _, names in os.walk(self.path, topdown=False):
            # the manifest last, since labels without it would not be recognised after a kill
            for name in sorted(names, key=MANIFEST.__eq__):
                if name.endswith(SUFFIX) or name == MANIFEST or MARK in name:
                    os.remove(osp.join(folder, name))
            with contextlib.suppress(OSError):  # not empty
                os.rmdir(folder)

    def part(self, name: str) -> LabelFolder:
        """The labels of one of several datasets, in a subfolder of this one."""
        made = LabelFolder(osp.join(self.path, name), self.specs, {})
        made._manifest = self._manifest
        return made

    # -- labels --------------------------------------------------------------------------------
    def file(self, img_id: str) -> str:
        """File of an image's labels, in this folder even if the image is outside of its own."""
        return osp.join(self.path, img_id.replace("../", "__/") + SUFFIX)

    def missing(self, ids: Sequence[str]) -> list[int]:
        """Indices of the images that have no labels yet."""
        present = {
            osp.join(folder, name) for folder, _, names in os.walk(self.path) for name in names
        }
        return [index for index, each in enumerate(ids) if self.file(each) not in present]

    def write(self, img_id: str, labels: Mapping[str, Encoded]) -> int:
        """Store the labels of an image by task in one atomic write.

        Returns:
            Size of the file in bytes.
        """
        arrays: dict[str, Any] = {
            f"task.{spec.task}": labels[spec.task].array for spec in self.specs
        }
        exponents = [labels[spec.task].exponent for spec in self.specs]
        arrays["exponents"] = np.array(exponents, np.int16)
        arrays[MARK_OF] = np.array(self._mark(img_id), np.uint32)
        with atomic_path(self.file(img_id), sync=False) as temporary:
            with open(temporary, "wb") as file:
                np.savez(file, **arrays)
            return osp.getsize(temporary)

    def _mark(self, img_id: str) -> int:
        """A number that labels of other images, teachers and tasks do not share."""
        return zlib.crc32(json.dumps([self._manifest, img_id], sort_keys=True).encode())

    def read(self, img_id: str, size: Sequence[int]) -> dict[str, np.ndarray]:
        """Labels of an image as maps, by their keys in a pipeline's results.

        Raises:
            LabelError: If there are none, they cannot be read, hold what no teacher gives, or are
                of an image of another size.
        """
        path = self.file(img_id)
        try:
            with np.load(path, allow_pickle=False) as stored:
                if MARK_OF in stored and stored[MARK_OF] != self._mark(img_id):
                    raise ValueError("it holds the labels of another image or teacher")
                arrays = stored_arrays(stored, self.specs)
            found = {}
            for spec, encoded in zip(self.specs, arrays, strict=True):
                found[spec.key] = decode_label(encoded)
                check_label(found[spec.key], spec)
        except _DAMAGES as error:
            raise LabelError(
                f"{path}: no stored pseudo labels can be read ({error}); delete the file and "
                "resume, and it is made anew"
            ) from error
        for key, label in found.items():
            if tuple(label.shape[:2]) != tuple(size):
                raise LabelError(
                    f"{path}: {key} is {label.shape[0]}x{label.shape[1]} (height x width), but its "
                    f"image is {size[0]}x{size[1]}; images changed since they were labelled: "
                    f"delete {self.path} and resume"
                )
        return found
