"""Reading the annotations that a sample's dataset names."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ... import config_values
from ..annotation import Annotation
from ..decoding import decode, made_map, stored_or_shown
from ..reading import is_array, orientation_of, read_bytes, read_raw, remembered, turns
from .erase import note_late
from .load_image import LoadImage
from .maps import resize_map
from .trace import was_moved

if TYPE_CHECKING:
    from ..pseudo_labels.folder import LabelFolder


@TRANSFORMS.register_module()
class LoadMultiTaskAnnotations(BaseTransform):
    """Read the annotations that the sample's dataset names, each by its own kind and encoding.

    Does nothing for images without annotations, so the same pipeline works for training, testing,
    test-time augmentation and mmseg's inferencer. Annotations keep the file's size, to which
    predictions are resized: if the image was moved before, no later transform moves them, and
    training refuses them.

    Required keys: ``ann_specs`` and ``ann_paths`` (both optional, from ``MultiTaskDataset``).
    Added keys: ``gt_seg_map`` and ``gt_<field>`` maps, ``seg_fields`` (class and binary maps),
    ``dense_fields`` (map key -> kind) and ``inverse_fields`` (depth maps that hold inverse depth).

    Args:
        tasks: Annotations to read; all when None. Phases set the dataset's ``tasks``; this option
            is for pipelines that need fewer annotations than their dataset has.
        backend_args: Arguments of mmengine's file backend.
    """

    def __init__(
        self, tasks: Sequence[str] | None = None, backend_args: dict | None = None
    ) -> None:
        where = "tasks of LoadMultiTaskAnnotations"
        self.tasks = None if tasks is None else list(config_values.names(tasks, where))
        self.backend_args = copy.copy(backend_args)

    def transform(self, results: dict) -> dict:
        """Read the annotations.

        Raises:
            FileNotFoundError: If an annotation file is missing.
            ValueError: If a file does not fit its annotation's kind, see
                :mod:`mmlhl.datasets.decoding`.
        """
        results.setdefault("seg_fields", [])
        results.setdefault("dense_fields", {})
        moved = "img" in results and was_moved(results)
        read = []
        for name, ann in results.get("ann_specs", {}).items():
            if self.tasks is not None and name not in self.tasks:
                continue
            if ann.source is not None:
                image, path = self._original(results), str(results.get("img_path", "a sample"))
                made = (ann.source({"img": image}) or {}).get(ann.key)
                if made is None:
                    raise ValueError(
                        f"{path}: 'source' of annotation {ann.name!r} gives no {ann.key!r}; it "
                        "must write its map into the results and return them"
                    )
                results[ann.key] = made_map(made, ann, path, "source", image.shape[:2])
            else:
                self._read(results, ann)
            self._note(results, ann)
            read.append(ann.key)
        labels = results.pop("stored_labels", None)
        if labels is not None:
            self._read_stored(results, labels)
            read += [spec.key for spec in labels.specs]
        note_late(results, read, moved)
        results.pop("img_raw", None)  # no longer needed; frees the memory
        return results

    def _original(self, results: dict) -> np.ndarray:
        """The image on disk, even if the pipeline has changed it."""
        img = results["img"]
        if results.get("img_raw", img) is img and not was_moved(results):
            return img
        # with the pipeline's loader, so that the target is made from the same image
        loader = results.get("img_loader") or LoadImage(backend_args=self.backend_args)
        return loader({"img_path": results["img_path"]})["img"]

    def _read(self, results: dict, ann: Annotation) -> None:
        if ann.name in results.get("open_questions", {}):
            raise ValueError(results["open_questions"][ann.name])
        path = results["ann_paths"][ann.name]
        what = f"{ann.kind} annotation {ann.name!r} of {results.get('img_path', 'the image')}"
        # a grey mask with a threshold between its two levels tolerates lossy compression
        exact = ann.is_integer and ann.threshold is None
        turn = turns(results.get("img_loader"))

        def decoded() -> np.ndarray:
            raw = read_raw(
                path,
                what,
                self.backend_args,
                ann.reader,
                exact,
                upright=ann.kind == "normal",
                turn=turn,
                choose=lambda pixels, greys: stored_or_shown(pixels, greys, ann, path),
                colours=ann.coloured,
            )
            return decode(raw, ann, path)

        gt = remembered((path, repr(ann), turn), decoded)
        # test pipelines resize before they load annotations, which keep the file's size
        size = tuple(results.get("ori_shape", gt.shape)[:2])
        if ann.reader is not None and gt.shape[:2] == (1, 1):
            gt = np.broadcast_to(gt, (*size, *gt.shape[2:])).copy()
        if ann.resize and gt.shape[:2] != size:
            gt = resize_map(gt, size, ann.kind)
        if gt.shape[:2] != size:
            raise ValueError(
                f"{path}: {ann.kind} annotation {ann.name!r} is {gt.shape[0]}x{gt.shape[1]} "
                f"(height x width), expected {size[0]}x{size[1]} like its image "
                f"{results.get('img_path', '')}{self._size_hint(results, gt.shape[:2], size)}"
            )
        if ann.post is not None:
            gt = made_map(ann.post(gt, results), ann, path, "post", gt.shape[:2])
        results[ann.key] = gt

    def _size_hint(self, results: dict, shape: tuple, size: tuple) -> str:
        """What would do: another resolution, or the image's orientation tag explains the size."""
        path = results.get("img_path")
        if abs(shape[0] * size[1] - shape[1] * size[0]) <= 0.02 * shape[0] * size[1]:
            return "; resize=True of the annotation brings it to this size"
        if tuple(shape) != tuple(size[::-1]) or path is None or is_array(path):
            return ""
        tag = orientation_of(read_bytes(path, "image", self.backend_args))
        if tag == 1:
            return ""
        return (
            f", whose orientation tag ({tag}) turns it; if the labels lie as its pixels are "
            "stored, set color_type='color_ignore_orientation' of LoadImageFromFile"
        )

    @staticmethod
    def _read_stored(results: dict, labels: LabelFolder) -> None:
        """Add the stored pseudo labels of the image as annotation maps."""
        size = results.get("ori_shape", results["img"].shape)[:2]
        results.update(labels.read(results["img_id"], size))
        for spec in labels.specs:
            results["dense_fields"][spec.key] = spec.kind
            if spec.kind == "classes" and spec.key not in results["seg_fields"]:
                results["seg_fields"].append(spec.key)
            if spec.inverse:
                results.setdefault("inverse_fields", []).append(spec.key)

    @staticmethod
    def _note(results: dict, ann: Annotation) -> None:
        results["dense_fields"][ann.key] = ann.kind
        if ann.is_integer and ann.key not in results["seg_fields"]:
            results["seg_fields"].append(ann.key)
        if ann.inverse:
            results.setdefault("inverse_fields", []).append(ann.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tasks={self.tasks})"


def refuse_label_options(step: Mapping) -> None:
    """Refuse options of mmseg's ``LoadAnnotations`` that belong to a label or its dataset here.

    Raises:
        ValueError: Naming the option, and where it belongs.
    """
    known = {*inspect.signature(LoadMultiTaskAnnotations).parameters, "type", "_scope_"}
    for key in step.keys() - known:
        place = (
            "the dataset: reduce_zero_label=True beside its pipeline"
            if key == "reduce_zero_label"
            else "an annotation: annotations=dict(seg=dict(kind='classes', ...))"
        )
        raise ValueError(f"LoadMultiTaskAnnotations has no option {key!r}; it belongs to {place}")
