"""mmseg's ``Albu`` with all labels moved by every transform of albumentations."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from mmseg.datasets.transforms import Albu
from mmseg.registry import TRANSFORMS

from ...draws import undisturbed
from .maps import annotation_maps, is_plain
from .witness import KEY, add_witness, move_labels, read_witness, rotation_of

_SIZE = (48, 64)
_TRIALS = 6


@TRANSFORMS.register_module(name="Albu", force=True)
class StockAlbu(Albu):
    """mmseg's ``Albu`` for every annotation.

    All labels move with their pixels, normals are rotated with the image, and pixels that
    albumentations adds or fills become unlabelled; so neither ``keymap`` nor ``additional_targets``
    has to name a label. Magnification does not change depth values, as in ``Resize``. Samples of
    mmseg's own datasets are treated as in mmseg.

    Args:
        transforms: Configs of transforms of albumentations.
        keymap: For samples of mmseg's own datasets, as in mmseg.
        additional_targets: Likewise.
        **kwargs: ``update_pad_shape`` and ``bgr_to_rgb``, as in the maintained mmseg; the classic
            one converts samples of its own datasets always.

    Raises:
        ImportError: If albumentations is not installed.
        ValueError: If one of the transforms interpolates labels.
    """

    aug: Any

    def __init__(
        self,
        transforms: list[dict],
        keymap: dict | None = None,
        additional_targets: dict | None = None,
        **kwargs: Any,
    ) -> None:
        targets = {**(additional_targets or {}), KEY: "mask"}
        if "additional_targets" in inspect.signature(Albu.__init__).parameters:
            super().__init__(transforms, keymap, additional_targets=targets, **kwargs)
        else:  # the classic mmseg has no targets, and always converts to RGB
            self.bgr_to_rgb = kwargs.pop("bgr_to_rgb", True)
            super().__init__(transforms, keymap, **kwargs)
            self.aug = type(self.aug)(list(self.aug.transforms), additional_targets=targets)
        with undisturbed():
            # each on its own with probability 1, or a rare one would be found during training only
            self.bends = any([self._bends(each) for each in _single(self.aug)])

    def _bends(self, transform: Any) -> bool:
        """Whether a transform bends the image, so that normals cannot be rotated with it."""
        transform = copy.deepcopy(transform)
        transform.p = 1.0
        alone = type(self.aug)([transform], additional_targets={KEY: "mask"})
        for _ in range(_TRIALS):
            results: dict = dict(img=np.zeros((*_SIZE, 3), np.uint8), seg_fields=[])
            before = add_witness(results)
            try:
                moved = alone(image=results["img"], **{KEY: before})
            except Exception:  # it needs a larger image, or more than an image
                return False
            results.update(img=moved["image"], **{KEY: moved[KEY]})
            source = read_witness(results, before, f"Albu: {type(transform).__name__}")
            if source is not None and rotation_of(source, _SIZE) is None:
                return True
        return False

    def transform(self, results: dict) -> dict:
        """Apply the transforms."""
        if is_plain(results):
            return super().transform(results)
        size = tuple(results["img"].shape[:2])
        had = {key: results[key] for key, _ in annotation_maps(results)}
        before = add_witness(results)
        given = dict(image=results["img"])
        given[KEY] = results[KEY]
        if results.get("gt_seg_map") is not None:  # some transforms crop by the mask
            given["mask"] = results["gt_seg_map"]
        if self.bgr_to_rgb:
            given["image"] = cv2.cvtColor(given["image"], cv2.COLOR_BGR2RGB)
        moved = self.aug(**given)
        image = moved["image"]
        results["img"] = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if self.bgr_to_rgb else image
        results[KEY] = moved[KEY]
        source = read_witness(results, before, "Albu")
        if source is not None:
            move_labels(results, source, had, size, "Albu")
        if self.update_pad_shape:
            results["pad_shape"] = results["img"].shape
        return results


def _single(aug: Any) -> Iterator[Any]:
    """The single transforms in a composition of albumentations, also in nested compositions."""
    for each in getattr(aug, "transforms", ()):
        yield from _single(each) if hasattr(each, "transforms") else (each,)
