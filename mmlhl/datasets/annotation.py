"""What one kind of annotation is, where its files lie and what the numbers in them mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

KINDS = ("classes", "binary", "depth", "normal", "channels")
"""Output spaces that an annotation can have."""

IGNORE = 255
"""Value of integer maps where nothing is known; float maps hold NaN there instead."""

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

    Loading turns every publisher's own marks for "nothing known here" into one convention: 255 in
    class and binary maps, NaN in depth, normal and channel maps.

    Args:
        name: Task that the annotation belongs to, e.g. ``seg``.
        kind: ``classes`` (integer ids), ``binary`` (0 or 1), ``depth`` (one positive number),
            ``normal`` (unit vectors) or ``channels`` (any numbers, one or several a pixel).
        dir: Folder under the dataset's ``data_root``. ``{split}`` in it stands for the dataset's
            ``split``. Not given when the annotation is made from the image by ``source``.
        suffix: End of the file name, which follows the sample's id. ``.npy`` is read as an array,
            anything else as an image.
        field: Field of the data sample: ``gt_<field>``. Defaults to ``sem_seg``, ``depth_map``,
            ``normal_map`` or, for the other kinds, ``<name>_map``.
        source: Config of a transform that makes the annotation from the image, e.g.
            ``dict(type='SobelEdges')``, instead of ``dir``.
        scale: Factor from stored to real numbers, e.g. 0.001 for depth in millimetres. For normals
            the default follows from the storage: 2 / 255 or 2 / 65535 for 8- and 16-bit images, 1
            for arrays.
        offset: What is added after scaling; for normals -1 for images, 0 for arrays.
        invalid: Stored numbers (before scaling) that mean "not measured"; the string ``'nan'``
            stands for NaN. Defaults to 0 for depth, the zero vector for normals and to nothing
            for channels. NaN that is not listed here is an error.
        max_value: Greatest real number that is believed; what is greater counts as unmeasured.
        inverse: Whether a depth is stored as inverse depth (disparity), which grows under zoom.
        axes: For normals, which stored axis gives x (right), y (down) and z (forward) of our
            camera frame, e.g. ``('x', '-y', '-z')`` for a frame with y up and z backward.
        num_classes: Number of classes; ids must be below it. Defaults to the length of
            ``classes``, and for the field ``sem_seg`` to the dataset's own classes.
        classes: Names of the classes, for a class task other than the dataset's own.
        palette: Colours of ``classes``.
        id_map: Stored id -> class id (255: ignored). Ids that are not listed are errors.
        ignore: Stored ids that mean "unknown" and become 255.
        allow_void: Whether a class map may hold no labelled pixel at all, as in sets that label
            some images only. Otherwise such a file is an error, as it usually is a wrong one.
        threshold: For binary maps, stored numbers above it become 1, others 0, after ``ignore``.
        channels: Which channels of the file to take, counted from 0; all when None.
        resize: Whether a map of another size than the image is brought to the image's size; an
            error otherwise.
        reader: ``reader(content, path) -> array`` for files that are neither images nor arrays.
            An array of one pixel stands for a constant map.
        post: ``post(map, results) -> map`` for sets whose numbers depend on the sample.
    """

    name: str
    kind: str
    dir: str | None = None
    suffix: str = ".png"
    field: str = ""
    source: Mapping[str, Any] | Callable | None = None
    scale: float | None = None
    offset: float | None = None
    invalid: Sequence[float | str] | None = None
    max_value: float | None = None
    inverse: bool = False
    axes: Sequence[str] = ("x", "y", "z")
    num_classes: int | None = None
    classes: Sequence[str] | None = None
    palette: Sequence[Sequence[int]] | None = None
    id_map: Mapping[int, int] | None = None
    ignore: Sequence[int] = (IGNORE, -1)
    allow_void: bool = False
    threshold: float | None = None
    channels: Sequence[int] | None = None
    resize: bool = False
    reader: Callable | None = None
    post: Callable | None = None

    def __post_init__(self) -> None:
        where = f"annotations[{self.name!r}]"
        if self.kind not in KINDS:
            raise ValueError(f"{where}['kind'] is {self.kind!r}; it must be one of {KINDS}")
        if (self.dir is None) == (self.source is None):
            raise ValueError(
                f"{where} needs either 'dir', the folder of its files, or 'source', the transform "
                f"that makes it from the image; got dir={self.dir!r}, source={self.source!r}"
            )
        axes = [axis.lstrip("+-") for axis in self.axes]
        if sorted(axes) != ["x", "y", "z"]:
            raise ValueError(
                f"{where}['axes'] is {tuple(self.axes)!r}; it must name x, y and z once each, "
                "with or without a minus sign"
            )
        set_ = object.__setattr__  # the dataclass is frozen for everybody else
        if not self.field:
            set_(self, "field", DEFAULT_FIELDS.get(self.kind, f"{self.name}_map"))
        if self.num_classes is None and self.classes is not None:
            set_(self, "num_classes", len(self.classes))
        if self.invalid is None:
            set_(self, "invalid", (0,) if self.kind == "depth" else ())
        elif isinstance(self.invalid, (int, float, str)):
            set_(self, "invalid", (self.invalid,))

    @classmethod
    def from_config(cls, name: str, cfg: Mapping[str, Any]) -> Annotation:
        """Build an annotation from the dictionary of a config.

        Args:
            name: Task that the annotation belongs to.
            cfg: Arguments of this class but ``name``.

        Returns:
            The annotation.

        Raises:
            ValueError: If a key is unknown or missing, or a value does not make sense.
        """
        known = [f.name for f in fields(cls) if f.name != "name"]
        for key in cfg:
            if key not in known:
                raise ValueError(
                    f"annotations[{name!r}] has the unknown key {key!r}; known keys are {known}"
                )
        if "kind" not in cfg:
            raise ValueError(f"annotations[{name!r}] needs 'kind', one of {KINDS}")
        return cls(name=name, **cfg)

    @property
    def key(self) -> str:
        """Key of the map in a pipeline's results."""
        return gt_key(self.field)

    @property
    def is_integer(self) -> bool:
        """Whether the maps are integers with 255 for unknown, not floats with NaN."""
        return self.kind in ("classes", "binary")

    @property
    def invalid_numbers(self) -> list[float]:
        """Stored numbers other than NaN that mean "not measured"."""
        return [float(v) for v in self.invalid if not is_nan(v)]

    @property
    def nan_is_invalid(self) -> bool:
        """Whether NaN in a file means "not measured" rather than a broken file."""
        return any(is_nan(v) for v in self.invalid)


def is_nan(value: float | str) -> bool:
    """Whether a config's value stands for NaN.

    Args:
        value: A number or the string ``'nan'``.

    Returns:
        True for NaN and ``'nan'``.
    """
    return math.isnan(float(value))
