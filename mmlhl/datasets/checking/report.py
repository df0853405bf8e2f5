"""Statistics of one annotation over all files, and remarks on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..annotation import IGNORE, Annotation
from ..dark_images import dark_sentence
from ..depth_units import depth_sentence, full_numbers, full_sentence
from ..first_sample import absent_sentence, far_from_one, lengths_sentence
from ..normal_frames import frame_sentence, signs_of
from ..palettes import Palettes

_LISTED = 10
"""Absent classes that are listed at most."""


@dataclass
class MapReport:
    """Statistics of one annotation, or of the images.

    Args:
        name: Task, or ``image``.
        kind: Kind of the annotation, or ``image``.
        classes: Number of classes, for class and binary maps.
        ann: The annotation, whose options matter for remarks on values.
    """

    name: str
    kind: str
    classes: int = 0
    ann: Annotation | None = None
    files: int = 0
    missing: int = 0
    broken: int = 0
    problems: list[str] = field(default_factory=list)
    sizes: Counter = field(default_factory=Counter)
    pixels: int = 0
    known: int = 0
    empty: int = 0
    lowest: float = float("inf")
    highest: float = float("-inf")
    total: float = 0.0
    counts: np.ndarray | None = None
    signs: np.ndarray | int = 0
    whole: bool = True
    full: int = 0
    varied: bool = False
    first: np.ndarray | None = None
    vectors: int = 0
    off_length: int = 0
    shortest: float = float("inf")
    longest: float = 0.0
    turned: int = 0
    deepest: int | None = None
    bits: Counter = field(default_factory=Counter)
    palettes: Palettes = field(default_factory=Palettes)

    def add(self, array: np.ndarray) -> None:
        """Count one map.

        Args:
            array: (H, W) or (H, W, K) in the package's convention.
        """
        self.files += 1
        self.sizes[array.shape[:2]] += 1
        if self.kind == "image":
            known = np.ones(array.shape[:2], bool)
        elif self.kind in ("classes", "binary"):
            known = array != IGNORE
            counts = np.bincount(array[known], minlength=max(self.classes, 1))
            self.counts = counts if self.counts is None else _add(self.counts, counts)
        else:
            known = np.isfinite(array if array.ndim == 2 else array.sum(axis=2))
        count = int(known.sum())
        self.pixels += known.size
        self.known += count
        self.empty += count == 0
        if count:
            values = array[known]
            self.lowest = min(self.lowest, float(values.min()))
            self.highest = max(self.highest, float(values.max()))
            self.total += float(values.mean(dtype=np.float64)) * count
            self._note_values(values)

    def _note_values(self, values: np.ndarray) -> None:
        if self.kind == "normal":
            self.signs = self.signs + signs_of(values)
        if self.kind == "depth":
            self.whole = self.whole and bool((values == np.round(values)).all())
            self.full += 0 if self.ann is None else full_numbers(values, self.ann)
        if self.first is None:
            self.first = values[:1].copy()
        self.varied = self.varied or bool((np.abs(values - self.first) > 1e-6).any())

    def add_lengths(self, lengths: np.ndarray) -> None:
        """Count the stored lengths of one map of normals.

        Args:
            lengths: (N,) after scale and offset.
        """
        if len(lengths):
            self.vectors += len(lengths)
            self.off_length += int(far_from_one(lengths).sum())
            self.shortest = min(self.shortest, float(lengths.min()))
            self.longest = max(self.longest, float(lengths.max()))

    def fail(self, error: Exception) -> None:
        """Note a file that cannot be used."""
        if isinstance(error, FileNotFoundError):
            self.missing += 1
        else:
            self.broken += 1
        if len(self.problems) < 5:
            self.problems.append(str(error))

    @property
    def mean(self) -> float:
        """Mean of the known values."""
        return self.total / self.known if self.known else float("nan")

    @property
    def fatal(self) -> list[str]:
        """Reasons why training on this annotation would fail or learn nothing."""
        reasons = []
        if self.missing:
            reasons.append(f"{self.missing} files of {self.name!r} are missing")
        if self.broken:
            reasons.append(f"{self.broken} files of {self.name!r} are broken")
        if self.files and not self.known:
            reasons.append(f"{self.name!r} has no known pixel in any of {self.files} files")
        return reasons

    @property
    def remarks(self) -> list[str]:
        """Oddities that do not stop training."""
        notes = []
        if self.empty and self.known:
            notes.append(f"{self.empty} maps of {self.name!r} have no known pixel")
        if len(self.sizes) > 1:
            notes.append(
                f"{self.name!r} comes in {len(self.sizes)} sizes; batches of more than one image "
                "need a crop or padding"
            )
        if self.turned:
            notes.append(
                f"{self.turned} images have an orientation tag, which turns them as viewers do; "
                "labels have to lie as the image is shown. If they lie as it is stored, set "
                "color_type='color_ignore_orientation' of LoadImageFromFile"
            )
        if self.kind == "image" and self.files:
            notes += filter(None, [dark_sentence(self.deepest, self.highest)])
        if self.known and self.kind != "image":
            notes += self._remarks_on_values()
        return notes

    def _remarks_on_values(self) -> list[str]:
        notes = []
        few = sum(count for bits, count in self.bits.items() if bits < 8)
        if few and few < sum(self.bits.values()):
            notes.append(
                f"{few} files of {self.name!r} are PNG of fewer than 8 bits, others are not; a "
                "program that makes files smaller stores the ids 0 and 255 as 0 and 1, or 0, 85, "
                "170 and 255 as 0 to 3, and ids are read as they are stored"
            )
        notes.append(self.palettes.sentence(self.name))
        if self.counts is not None:
            present = np.flatnonzero(self.counts)
            absent = np.flatnonzero(self.counts == 0).tolist()
            if self.kind == "binary" and absent:
                what = "foreground (1)" if 1 in absent else "background (0)"
                notes.append(absent_sentence(self.name, what, f"{self.files} files"))
            elif absent:
                listed = f"classes {absent}"
                if len(absent) > _LISTED:  # a large set's classes would fill the screen
                    some = ", ".join(map(str, absent[:_LISTED]))
                    listed = f"{len(absent)} of {len(self.counts)} classes ({some} ...)"
                notes.append(f"{listed} of {self.name!r} never occur")
            if self.kind == "classes" and len(present) == 1:
                notes.append(
                    f"{self.name!r} has class {present[0]} only; nothing is learned. One class "
                    "against the rest is an annotation of kind='binary'"
                )
        elif not self.varied:
            notes.append(f"all values of {self.name!r} are the same ({self.highest:.6g})")
        if self.kind == "depth" and self.ann is not None:
            notes.append(depth_sentence(self.ann, self.highest, self.mean, self.whole))
            notes.append(full_sentence(self.ann, self.full / self.known))
        if self.kind == "normal" and self.vectors:
            share = self.off_length / self.vectors
            notes.append(lengths_sentence(self.name, share, self.shortest, self.longest))
        if self.kind == "normal":
            notes.append(frame_sentence(self.name, np.asarray(self.signs), self.known))
        return [note for note in notes if note]


def _add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = max(len(a), len(b))
    return np.pad(a, (0, size - len(a))) + np.pad(b, (0, size - len(b)))
