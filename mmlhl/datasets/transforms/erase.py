"""Stock transforms that erase or derive labels without moving them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from mmseg.datasets.transforms import GenerateEdge, RandomCutOut
from mmseg.registry import TRANSFORMS

from ..annotation import IGNORE
from .maps import VALID, annotation_maps, ensure_valid_map, fill_value, is_plain, label_kinds
from .trace import mark_resting

ERASED = "erased"
"""Key of the holes, each a mask and its value, that labels get when they are read later."""


@TRANSFORMS.register_module(name="RandomCutOut", force=True)
class StockRandomCutOut(RandomCutOut):
    """mmseg's ``RandomCutOut`` for every annotation.

    Labels are unchanged unless ``seg_fill_in`` is given: then it fills class and binary maps, other
    maps are unlabelled in the holes, and ``valid_map`` is False there. Labels that are read later
    get the same holes then.
    """

    seg_fill_in: int | None

    def transform(self, results: dict) -> dict:
        """Cut holes into the image."""
        fill: int | None = self.seg_fill_in
        if fill is None or is_plain(results):
            return super().transform(results)
        fields = results.get("seg_fields", [])
        size = results["img"].shape[:2]
        hole = "_hole"
        results[hole] = np.zeros(size, np.int16)
        results["seg_fields"] = [hole]
        self.seg_fill_in = 1
        try:
            results = super().transform(results)
        finally:
            self.seg_fill_in = fill
        holes = results.pop(hole) == 1
        results["seg_fields"] = fields
        if holes.any():
            ensure_valid_map(results)
            _fill(results, [key for key, _ in annotation_maps(results)], holes, fill)
            results[ERASED] = (*results.get(ERASED, ()), (holes, fill))
        return results


def note_late(results: dict, keys: Collection[str], moved: bool) -> None:
    """Note labels that were read just now: at rest if the image was moved, else with its holes.

    Args:
        results: Pipeline results.
        keys: Keys of the labels.
        moved: Whether the image was moved before.
    """
    if moved:
        for key in keys:
            mark_resting(results, key)
        return
    for holes, fill in results.get(ERASED, ()):
        _fill(results, keys, holes, fill)


def _fill(results: dict, keys: Collection[str], holes: np.ndarray, fill: int) -> None:
    kinds = {**label_kinds(results), VALID: VALID}
    for key in keys:
        filled = results[key].copy()
        filled[holes] = fill if key in results["seg_fields"] else fill_value(kinds[key])
        results[key] = filled


@TRANSFORMS.register_module(name="GenerateEdge", force=True)
class StockGenerateEdge(GenerateEdge):
    """mmseg's ``GenerateEdge``, whose map is packed as a binary annotation.

    Edges are unknown where the classes are; in mmseg there are none.
    """

    def transform(self, results: dict) -> dict:
        """Add the edges between classes.

        Raises:
            ValueError: If the sample has an annotation of that name.
        """
        kinds = results.get("dense_fields")
        if kinds is not None and kinds.get("gt_edge_map", "binary") != "binary":
            raise ValueError(
                "GenerateEdge would replace the annotation 'gt_edge_map' of kind "
                f"{kinds['gt_edge_map']!r}; give that annotation another field, or leave "
                "GenerateEdge out"
            )
        results = super().transform(results)
        if kinds is not None:
            kinds["gt_edge_map"] = "binary"
            edges, ids = results["gt_edge_map"], results["gt_seg_map"]
            results["gt_edge_map"] = np.where(ids == IGNORE, IGNORE, edges).astype(np.uint8)
            if "gt_edge_map" not in results["seg_fields"]:
                results["seg_fields"].append("gt_edge_map")
        return results
