"""Transforms that are not known: tried when the pipeline is built, and watched at work."""

from __future__ import annotations

from collections.abc import Callable

from .maps import annotation_maps
from .spots import look, try_out
from .witness import follow, harvest, plant

LOOKS = 2
"""So many real samples it is tried on as well: they may have what a trial cannot offer."""


class Watched:
    """A third-party transform, whose moves all labels have to follow.

    When it is built the transform is tried on small images, see :func:`~.spots.try_out`, and at
    work on its first samples. There, labels in ``seg_fields`` are its own affair, as in mmseg;
    every other map is moved the same way unless the transform moved it. A class that knows better
    says so: with ``moves_pixels = False`` it is taken at its word and neither tried nor watched.

    Args:
        step: The transform.

    Raises:
        ValueError: If it moves the image without its labels.
    """

    def __init__(self, step: Callable) -> None:
        self.step = step
        self.name = transform_name(step)
        self.bends = try_out(step, self.name)
        self._looks = LOOKS

    def __call__(self, results: dict) -> dict | None:
        """Apply the transform.

        Args:
            results: Pipeline results.

        Returns:
            The results, with every label where its image is.

        Raises:
            ValueError: If a label was left behind.
        """
        if results.get("img") is None:
            return self.step(results)
        if self._looks:
            self._looks -= 1
            look(self.step, self.name, results, again=not self._looks)
        size = tuple(results["img"].shape[:2])
        had = {key: results[key] for key, _ in annotation_maps(results)}
        witness = plant(results)
        moved = self.step(results)
        if moved is None or moved.get("img") is None:
            return moved
        source = harvest(moved, witness, self.name)
        if source is not None:
            follow(moved, source, had, size, self.name, moved["seg_fields"])
        self._check(moved)
        return moved

    def _check(self, results: dict) -> None:
        size = tuple(results["img"].shape[:2])
        for key, _ in annotation_maps(results):
            if tuple(results[key].shape[:2]) != size:
                raise ValueError(
                    f"{results.get('img_path', 'a sample')}: {self.name} leaves {key} at "
                    f"{results[key].shape[0]}x{results[key].shape[1]} (height x width), but its "
                    f"image at {size[0]}x{size[1]}"
                )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.step!r})"


def transform_name(step: object) -> str:
    """Name of a transform or a function, for messages.

    Args:
        step: The transform.
    """
    return getattr(step, "__name__", None) or type(step).__name__
