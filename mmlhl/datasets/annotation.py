"""One kind of annotation: where its files are and what the numbers in them mean."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..spelling import hint
from .annotation_checks import check_annotation

KINDS = ("classes", "binary", "depth", "normal", "channels")
"""Output spaces that an annotation can have."""

IGNORE = 255
"""Value of unlabelled pixels in integer maps; float maps have NaN there instead."""

Stored = int | tuple[int, ...]
"""A stored id: a number, or a colour (red, green, blue)."""

DEFAULT_FIELDS = {"classes": "sem_seg", "depth": "depth_map", "normal": "normal_map"}


def gt_key(field_name: str) -> str:
    """Key of a field's ground truth in a pipeline's results.

    Args:
        field_name: Field of the data sample without ``gt_``, e.g. ``sem_seg`` or ``depth_map``.

    Returns:
        ``gt_seg_map`` for ``sem_seg``, as mmseg calls it, else ``gt_<field_name>``.
    """
    return "gt_seg_map" if field_name == "sem_seg" else f"gt_{field_name}"


@dataclass(frozen=True)
class Annotation:
    """One kind of annotation of a dataset: a task's output space and its encoding on disk.

    Loading turns every publisher's own values for "unlabelled" into one convention: 255 in class
    and binary maps, NaN in depth, normal and channel maps.

    The ids of a class map pass four steps, whatever the file's format: ``id_map`` and ``ignore``,
    then ``reduce_zero_label``, then ``label_map``, then the bound of ``num_classes``. An id that
    is out of range after any of them is an error.

    One value is enough wherever several are meant (``ignore=255``). Options without effect on the
    annotation's kind are errors.

    Args:
        name: Task that the annotation belongs to, e.g. ``seg``.
        kind: ``classes`` (integer ids), ``binary`` (0 or 1), ``depth`` (one positive number),
            ``normal`` (unit vectors) or ``channels`` (any numbers, one or several per pixel).
        dir: Folder under the dataset's ``data_root``. ``{split}`` in it stands for the dataset's
            ``split``. Not given when the annotation is made from the image by ``source``.
        suffix: End of the file name, which follows the sample's id. ``.npy`` and ``.npz`` are read
            as arrays, anything else as an image.
        field: Field of the data sample: ``gt_<field>``. Defaults to ``sem_seg``, ``depth_map``,
            ``normal_map`` or, for the other kinds, ``<name>_map``.
        source: Transform that makes the annotation from the image, e.g. ``'SobelEdges'`` or
            ``dict(type='SobelEdges', gain=1)``, instead of ``dir``.
        scale: Factor from stored to real numbers, e.g. 0.001 for depth in millimetres. For normals
            the default follows from the storage: 2 / 255 or 2 / 65535 for 8- and 16-bit images, 1
            for arrays of floats.
        offset: What is added after scaling; for normals -1 for images, 0 for arrays of floats.
        invalid: Stored numbers (before scaling) that mean "not measured"; the strings ``'nan'``,
            ``'inf'`` and ``'-inf'`` stand for those. For normals a number v means the vector
            (v, v, v). Defaults to 0 for depth, the zero vector for normals and to nothing for
            channels. NaN and infinity that are not listed here are errors.
        max_value: Greatest real number that is believed; what is greater, infinity included,
            counts as unmeasured.
        inverse: Whether a depth is stored as inverse depth (disparity), which grows under zoom.
        axes: For normals, which stored axis gives x (right), y (down) and z (forward) of our
            camera frame, e.g. ``('x', '-y', '-z')`` for a frame with y up and z backward.
        num_classes: Number of classes; ids must be below it. Defaults to the length of
            ``classes``, and for the field ``sem_seg`` to the dataset's own classes.
        classes: Names of the classes that the files hold. For the field ``sem_seg`` they default
            to the dataset's own, and ``metainfo`` may choose some of them.
        palette: Colours of ``classes``.
        id_map: Stored id -> class id (255 or -1: ignored). Ids that are not listed are errors. Ids
            that are listed are never ignored by ``ignore``. For labels in colours, each id is a
            colour: ``{(0, 0, 0): 0, (128, 0, 0): 1, (255, 255, 255): 255}``.
        ignore: Stored ids that mean "unknown" and become 255; 255 and -1 unless given. A binary
            map with a ``threshold`` has no such ids unless they are given.
        reduce_zero_label: Whether id 0 is ignored and the others move down by one. For the field
            ``sem_seg`` the dataset's own ``reduce_zero_label`` counts as well.
        label_map: Class id -> class id for a subset of the classes, 255 for those that are not
            wanted. For the field ``sem_seg`` the dataset makes it from its ``metainfo``.
        allow_void: Whether a class map may hold no labelled pixel at all, as in sets that label
            some images only. Otherwise such a file is an error, as it usually is a wrong one.
        threshold: For binary maps, stored numbers above it become 1, others 0.
        channels: Which channels of the file to take, counted from 0; all when None.
        resize: Whether a map of another size than the image is brought to the image's size; an
            error otherwise.
        reader: ``reader(content, path) -> array`` for files that are neither images nor arrays.
            An array of one pixel stands for a constant map.
        post: ``post(map, results) -> map`` for sets whose numbers depend on the sample.

    Raises:
        ValueError: If a value makes no sense or an option has no effect on the kind.
    """

    name: str
    kind: str
    dir: str | None = None
    suffix: str = ".png"
    field: str = ""
    source: Mapping[str, Any] | Callable | str | None = None
    scale: float | None = None
    offset: float | None = None
    invalid: Sequence[float | str] | float | str | None = None
    max_value: float | None = None
    inverse: bool = False
    axes: Sequence[str] = ("x", "y", "z")
    num_classes: int | None = None
    classes: Sequence[str] | None = None
    palette: Sequence[Sequence[int]] | None = None
    id_map: Mapping[Stored, int] | None = None
    ignore: Sequence[int] | int | None = None
    reduce_zero_label: bool = False
    label_map: Mapping[int, int] | None = None
    allow_void: bool = False
    threshold: float | None = None
    channels: Sequence[int] | int | None = None
    resize: bool = False
    reader: Callable | None = None
    post: Callable | None = None

    def __post_init__(self) -> None:
        """Check all values and normalise their spelling."""
        where = f"annotations[{self.name!r}]"
        if self.kind not in KINDS:
            near = hint(str(self.kind), KINDS)
            raise ValueError(f"{where}['kind'] is {self.kind!r}{near}; it must be one of {KINDS}")
        set_ = object.__setattr__  # the dataclass is frozen
        if isinstance(self.dir, os.PathLike):
            set_(self, "dir", os.fspath(self.dir))
        defaults = {f.name: f.default for f in fields(self)}
        given = {k: getattr(self, k) for k in defaults if getattr(self, k) is not defaults[k]}
        for key, value in check_annotation(where, self.kind, given, defaults).items():
            set_(self, key, value)
        if not self.field:
            set_(self, "field", DEFAULT_FIELDS.get(self.kind, f"{self.name}_map"))
        if self.num_classes is None and self.classes is not None:
            set_(self, "num_classes", len(self.classes))
        if self.invalid is None and self.kind == "depth":
            set_(self, "invalid", (0.0,))

    @classmethod
    def from_config(
        cls, name: str, cfg: Mapping[str, Any], beside: Iterable[str] = ()
    ) -> Annotation:
        """Build an annotation from the dictionary of a config.

        Args:
            name: Task that it belongs to.
            cfg: Its options.
            beside: Names of the dataset's annotations, one of which may have been meant.

        Raises:
            ValueError: If a key is unknown or missing, or a value does not make sense.
        """
        if not isinstance(cfg, Mapping):
            raise ValueError(f"annotations[{name!r}] is {cfg!r}; it must be a dict with 'kind'")
        known = [f.name for f in fields(cls) if f.name != "name"]
        for key in cfg:
            if key not in known:
                raise ValueError(
                    f"annotations[{name!r}] has the unknown key {key!r}{hint(key, known)}; known "
                    f"keys are {known}"
                )
        if "kind" not in cfg:
            near = hint(name, [each for each in beside if each != name])
            raise ValueError(f"annotations[{name!r}] needs 'kind', one of {KINDS}{near}")
        return cls(name=name, **cfg)

    @property
    def key(self) -> str:
        """Key of the map in a pipeline's results."""
        return gt_key(self.field)

    @property
    def is_integer(self) -> bool:
        """Whether the maps are integers with 255 for unlabelled, not floats with NaN."""
        return self.kind in ("classes", "binary")

    @property
    def ignored(self) -> tuple[int, ...]:
        """Stored ids that mean "unknown", given or by default."""
        if self.ignore is not None:
            return tuple(self.ignore)  # type: ignore[arg-type]
        # with a threshold every stored number means foreground or background
        numbers = self.threshold is None and not self.coloured
        return (IGNORE, -1) if self.is_integer and numbers else ()

    @property
    def coloured(self) -> bool:
        """Whether the stored ids are colours, as ``id_map`` says."""
        return isinstance(next(iter(self.id_map or ()), 0), tuple)

    @property
    def invalid_numbers(self) -> list[float]:
        """Stored numbers other than NaN that mean "not measured"."""
        return [v for v in self._invalid if not math.isnan(v)]

    @property
    def nan_is_invalid(self) -> bool:
        """Whether NaN in a file means "not measured" rather than a broken file."""
        return any(math.isnan(v) for v in self._invalid)

    @property
    def _invalid(self) -> tuple[float, ...]:
        return self.invalid or ()  # type: ignore[return-value]  # checked and made a tuple
