"""PASCAL with five tasks: classes, human parts, saliency, normals and edges."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import mmengine.fileio as fileio
import numpy as np
from mmseg.registry import DATASETS

from .. import config_values
from .arguments import with_defaults
from .multi_task_dataset import MultiTaskDataset
from .reading import read_bytes

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
PARTS = ("background", "head", "torso", "upper arm", "lower arm", "upper leg", "lower leg")
PERSON = 15
"""Class index of people in the part annotations."""

_PART_NAMES = {
    1: "hair head lear rear lebrow rebrow leye reye mouth nose",
    2: "neck torso",
    3: "luarm ruarm",
    4: "llarm rlarm lhand rhand",
    5: "luleg ruleg",
    6: "llleg rlleg lfoot rfoot",
}
PART_IDS = {name: part for part, names in _PART_NAMES.items() for name in names.split()}
"""Publisher's name of a body part -> one of the six parts that the literature uses."""


# Classes of PASCAL-Context's 459 that NYUv2 has, too, and tvmonitor.
_NORMAL_CLASSES = """
    3 4 6 9 10 11 13 15 17 18 22 23 29 30 33 34 36 37 38 39 41 43 46 49 50 51 53 55 56 59 61
    62 65 66 68 69 72 73 78 83 84 85 87 88 95 96 101 104 105 107 111 113 115 122 124 135 141
    142 143 146 150 154 157 158 159 165 172 174 181 183 184 191 193 195 197 199 202 213 215
    216 219 220 223 225 228 230 232 233 238 239 242 243 246 250 251 252 255 260 261 263 269
    272 273 275 281 283 284 285 286 287 288 290 291 292 293 295 304 307 309 310 314 315 319
    323 329 330 331 336 342 345 349 350 351 352 355 357 368 370 371 374 379 380 383 384 397
    401 403 405 407 408 411 412 413 414 417 419 421 423 427 429 430 431 432 440 441 442 443
    444 446 454 457
"""
NORMAL_CLASSES = tuple(int(i) for i in _NORMAL_CLASSES.split())
"""Ids in PASCAL-Context's label map at which the literature counts the distilled normals: the
network that made them was trained on NYUv2."""


def voc_palette(count: int) -> list[list[int]]:
    """Colours of PASCAL VOC.

    Args:
        count: Number of classes.

    Returns:
        RGB colours: the bits of the class id, taken in threes, are the high bits of R, G and B.
    """
    palette = []
    for index in range(count):
        colour = [0, 0, 0]
        for shift in range(8):
            for channel in range(3):
                colour[channel] |= (index >> (3 * shift + channel) & 1) << (7 - shift)
        palette.append(colour)
    return palette


def _load_mat(content: bytes, path: str, name: str) -> Any:
    from scipy.io import loadmat  # slow to import, and only this set needs it

    try:
        return loadmat(io.BytesIO(content), simplify_cells=True)[name]
    except KeyError:
        raise ValueError(f"{path}: expected a .mat file with the variable {name!r}") from None
    except Exception as error:
        raise ValueError(f"{path}: expected a .mat file, but it cannot be read: {error}") from None


def _listed(value: Any) -> list:
    """MATLAB struct arrays of one element come as the element itself."""
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
        (H, W) uint8: 0 background, 1..6 as in ``PARTS``. A (1, 1) zero, which stands for a constant
        map, if nothing is annotated at all: such a file does not know the image's size.

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
    labels = np.asarray(_load_mat(content, path, "LabelMap"))
    edges = np.zeros(labels.shape, np.uint8)
    edges[:, :-1] |= (labels[:, 1:] != labels[:, :-1]).astype(np.uint8)
    edges[:-1] |= (labels[1:] != labels[:-1]).astype(np.uint8)
    return edges


class WithinClasses:
    """Leaves out normals where PASCAL-Context's label is none of some classes.

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
            ValueError: If it is none, or of another size.
        """
        path = results["regions_path"]
        content = read_bytes(path, "label map that says where normals count", self.backend_args)
        labels = np.asarray(_load_mat(content, path, "LabelMap"))
        if labels.shape != normals.shape[:2]:
            raise ValueError(
                f"{path}: label map of shape {labels.shape}, expected {normals.shape[:2]} like the "
                "normals of this image"
            )
        return np.where(np.isin(labels, self.classes)[..., None], normals, np.float32(np.nan))


@DATASETS.register_module()
class PascalMultiTaskDataset(MultiTaskDataset):
    """PASCAL-Context images with five tasks, in the layout that the literature shares.

    ``JPEGImages/<id>.jpg``; ``semseg/VOC12/<id>.png`` or, where that is missing,
    ``semseg/pascal-context/<id>.png`` (palette images, 255 void); ``human_parts/<id>.mat``;
    ``sal_distill/<id>.png`` (grey, salient above one half); ``normals_distill/<id>.png`` (8-bit
    RGB); ``pascal-context/trainval/<id>.mat`` for edges; lists
    ``ImageSets/Context/{train,val}.txt`` (4998 and 5105 images). Saliency and normals there
    are the outputs of other networks.

    Images without people have human parts of background only, and count; the literature's
    evaluation of parts skips them.

    Args:
        split: ``train`` or ``val``; names the list file unless ``ann_file`` is given.
        ann_file: List of ids, relative to ``data_root``.
        normal_classes: Ids in the label maps of PASCAL-Context at which normals count, by default
            those of the literature; None for all pixels.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.
    """

    METAINFO = dict(classes=CLASSES, palette=voc_palette(len(CLASSES)))
    IMG = dict(dir="JPEGImages", suffix=".jpg")
    ANNOTATIONS = dict(
        semseg=dict(kind="classes", field="sem_seg", dir="semseg/VOC12"),
        human_parts=dict(
            kind="classes",
            field="human_parts",
            dir="human_parts",
            suffix=".mat",
            classes=PARTS,
            palette=voc_palette(len(PARTS)),
            reader=read_human_parts,
        ),
        sal=dict(kind="binary", field="saliency_map", dir="sal_distill", threshold=127.5),
        normals=dict(kind="normal", dir="normals_distill"),
        edge=dict(
            kind="binary",
            field="edge_map",
            dir="pascal-context/trainval",
            suffix=".mat",
            reader=read_edges,
        ),
    )
    SECOND_SEMSEG = "semseg/pascal-context"
    REGIONS = "pascal-context/trainval"

    def __init__(
        self,
        split: str = "train",
        ann_file: str | None = None,
        normal_classes: Sequence[int] | None = NORMAL_CLASSES,
        **kwargs: Any,
    ) -> None:
        if ann_file is None:
            ann_file = f"ImageSets/Context/{split}.txt"
        if normal_classes is not None:
            wanted = config_values.integers(normal_classes, "normal_classes")
            if not wanted:
                raise ValueError(
                    "normal_classes is empty; it must name ids, or None for all pixels"
                )
            post = WithinClasses(wanted, kwargs.get("backend_args"))
            kwargs["annotations"] = with_defaults(
                kwargs.get("annotations"), normals=dict(post=post)
            )
        super().__init__(split=split, ann_file=ann_file, **kwargs)

    def sample_info(self, img_id: str, img_dir: str, folders: Mapping[str, str]) -> dict:
        """Name the label map of PASCAL-Context, and semantic labels in the place that has them.

        Args:
            img_id: The sample's id.
            img_dir: Folder of the images.
            folders: Task -> folder of its annotation.

        Returns:
            The sample's dictionary.
        """
        info = super().sample_info(img_id, img_dir, folders)
        if "normals" in self.tasks:
            info["regions_path"] = self._join(f"{self.REGIONS}/{img_id}.mat")
        first = info["ann_paths"].get("semseg")
        if first and not fileio.exists(first, backend_args=self.backend_args):
            second = self._join(f"{self.SECOND_SEMSEG}/{img_id}{self.ann_specs['semseg'].suffix}")
            if fileio.exists(second, backend_args=self.backend_args):
                info["ann_paths"]["semseg"] = info["seg_map_path"] = second
        return info
