"""PASCAL's ``.mat`` files: human parts, edges, and the label maps that mask normals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from .pascal_classes import PART_IDS, PERSON
from .reading import read_bytes


def _load_mat(content: bytes, path: str, name: str) -> Any:
    from scipy.io import loadmat  # slow to import, and only this set needs it

    try:
        return loadmat(io.BytesIO(content), simplify_cells=True)[name]
    except KeyError:
        raise ValueError(f"{path}: expected a .mat file with the variable {name!r}") from None
    except Exception as error:
        raise ValueError(f"{path}: expected a .mat file, but it cannot be read: {error}") from None


def _label_map(content: bytes, path: str) -> np.ndarray:
    """The numbers (H, W) of a PASCAL-Context label map."""
    labels = np.asarray(_load_mat(content, path, "LabelMap"))
    if labels.ndim != 2 or labels.dtype.kind not in "biuf":
        raise ValueError(
            f"{path}: expected LabelMap with numbers (H, W), got {labels.shape} {labels.dtype}"
        )
    return labels


def _listed(value: Any) -> list:
    """A MATLAB struct array as a list; scipy returns a single element without its array."""
    if isinstance(value, dict):
        return [value]
    return [] if value is None else [v for v in np.atleast_1d(value) if isinstance(v, dict)]


def read_human_parts(content: bytes, path: str) -> np.ndarray:
    """Part ids of all people in a part annotation.

    Args:
        content: A ``.mat`` file with ``anno.objects``, each with ``class_ind``, ``mask`` and
            ``parts`` (``part_name``, ``mask``).
        path: Its name, for messages.

    Returns:
        (H, W) uint8: 0 background, 1..6 as in ``PARTS``. If nothing is annotated, the file does not
        contain the image's size, and a (1, 1) zero stands for a constant map.

    Raises:
        ValueError: If the file is not such an annotation or names an unknown part.
    """
    anno = _load_mat(content, path, "anno")
    target = None
    try:
        for thing in _listed(anno.get("objects")):
            if target is None:
                target = np.zeros(thing["mask"].shape, np.uint8)
            if int(thing["class_ind"]) != PERSON:
                continue
            for part in _listed(thing.get("parts")):
                target[part["mask"].astype(bool)] = _part_id(part["part_name"], path)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected anno.objects with class_ind, mask and parts (part_name, mask) of "
            f"one size ({type(error).__name__}: {error})"
        ) from None
    return np.zeros((1, 1), np.uint8) if target is None else target


def _part_id(name: str, path: str) -> int:
    if name not in PART_IDS:
        raise ValueError(f"{path}: unknown body part {name!r}; known: {sorted(PART_IDS)}")
    return PART_IDS[name]


def read_edges(content: bytes, path: str) -> np.ndarray:
    """Boundaries of a PASCAL-Context label map.

    Args:
        content: A ``.mat`` file with ``LabelMap`` (H, W).
        path: Its name, for messages.

    Returns:
        (H, W) uint8: 1 where the label differs from that of the pixel to the right or below.

    Raises:
        ValueError: If the file is not such an annotation.
    """
    labels = _label_map(content, path)
    edges = np.zeros(labels.shape, np.uint8)
    edges[:, :-1] |= (labels[:, 1:] != labels[:, :-1]).astype(np.uint8)
    edges[:-1] |= (labels[1:] != labels[:-1]).astype(np.uint8)
    return edges


class WithinClasses:
    """Masks normals outside of some classes of PASCAL-Context's label map.

    Args:
        classes: Ids in the label map.
        backend_args: Arguments of mmengine's file backend.
    """

    def __init__(self, classes: Sequence[int], backend_args: dict | None = None) -> None:
        self.classes = tuple(classes)
        self.backend_args = backend_args

    def __call__(self, normals: np.ndarray, results: dict) -> np.ndarray:
        """Mask a map of normals.

        Args:
            normals: (H, W, 3) float32, NaN where missing.
            results: Pipeline results with ``regions_path``.

        Returns:
            The same with NaN outside the classes.

        Raises:
            FileNotFoundError: If there is no label map.
            ValueError: If the file is not a label map, or has another size.
        """
        path = results["regions_path"]
        content = read_bytes(path, "label map that says where normals count", self.backend_args)
        labels = _label_map(content, path)
        if labels.shape != normals.shape[:2]:
            raise ValueError(
                f"{path}: label map of shape {labels.shape}, expected {normals.shape[:2]} like the "
                "normals of this image"
            )
        return np.where(np.isin(labels, self.classes)[..., None], normals, np.float32(np.nan))
