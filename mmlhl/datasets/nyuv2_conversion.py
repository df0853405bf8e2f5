"""Converting NYUv2 from the publisher's MATLAB arrays to the files that ``NYUv2Dataset`` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from ..files import atomic_path, write_text
from .geometry import normals_from_depth
from .nyuv2_classes import TO_13
from .transforms.maps import resize_map

CAMERA = dict(fx=518.8579, fy=519.4696, cx=325.5824 + 0.5, cy=253.7362 + 0.5)
"""Publisher's intrinsics of the colour camera at 480x640; half a pixel is added because here the
first pixel's centre lies at 0.5."""

RAW_LABELS = 894
SOURCE = "conversion.json"
"""Which frames, by which mapping of labels, a folder holds."""

FOLDERS = ("image", "label", "depth", "normal")
ABOUT = """NYUv2 as arrays, converted from nyu_depth_v2_labeled.mat.
classes: {classes}, size: {height}x{width}, depth: {depth}
normals: not published with the set. Computed from the depth by least-squares planes in inverse
depth over {window}x{window} pixels at 480x640, camera frame x right, y down, z forward, pointing
towards the camera. Metrics on them cannot be compared with metrics on normals from another source.
"""


def label_table(class_map: np.ndarray, classes: int) -> np.ndarray:
    """Raw label -> class id.

    Args:
        class_map: For each of the 894 raw labels, its class 1..40.
        classes: 40 or 13.

    Returns:
        int16; entry 0, the unlabelled, is -1.

    Raises:
        ValueError: If the mapping has other classes, or another number of raw labels.
    """
    class_map = np.asarray(class_map).ravel().astype(int)
    if class_map.min() < 1 or class_map.max() > 40:
        raise ValueError(
            f"class map holds {class_map.min()}..{class_map.max()}, expected classes 1..40"
        )
    if len(class_map) != RAW_LABELS:
        raise ValueError(f"class map is of {len(class_map)} raw labels, expected {RAW_LABELS}")
    reduced = class_map - 1
    if classes == 13:
        reduced = np.array(TO_13)[reduced]
    return np.concatenate([[-1], reduced]).astype(np.int16)


def convert_frame(
    arrays: Mapping[str, np.ndarray],
    index: int,
    table: np.ndarray,
    size: tuple[int, int],
    depth_key: str = "depths",
    window: int = 9,
) -> dict[str, np.ndarray]:
    """Convert one frame's arrays.

    Args:
        arrays: ``images`` (N, 3, W, H), ``labels`` (N, W, H) and depth (N, W, H), as h5py reads
            MATLAB's arrays.
        index: Frame, from 0.
        table: See :func:`label_table`.
        size: (height, width) of the result.
        depth_key: ``depths`` (holes filled by the publisher) or ``rawDepths``.
        window: Side of the window that normals are fitted in.

    Returns:
        ``image``, ``label``, ``depth`` and ``normal``.
    """
    image = np.ascontiguousarray(arrays["images"][index].transpose(2, 1, 0))
    label = np.ascontiguousarray(table[arrays["labels"][index].T])
    depth = np.ascontiguousarray(arrays[depth_key][index].T).astype(np.float32)
    depth[depth <= 0] = np.nan
    normal = normals_from_depth(depth, **CAMERA, window=window)
    image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return dict(
        image=image.astype(np.float32) / 255,
        label=resize_map(label, size, "classes"),
        depth=np.nan_to_num(resize_map(depth, size, "depth"))[..., None],
        normal=np.nan_to_num(resize_map(normal, size, "normal")),
    )


def write_frame(frame: Mapping[str, np.ndarray], paths: Mapping[str, Path]) -> None:
    """Write arrays under temporary names and rename them, so that no file is incomplete."""
    for name, path in paths.items():
        with atomic_path(path, sync=False) as temporary, open(temporary, "wb") as stream:
            np.save(stream, frame[name])


@dataclass(frozen=True)
class Conversion:
    """How frames are converted.

    Args:
        classes: 40 or 13.
        size: (height, width) of the result.
        window: Side of the window that normals are fitted in, in pixels at 480x640.
        raw_depth: Use the raw depth, with holes, instead of the publisher's filled depth.
    """

    classes: int = 13
    size: tuple[int, int] = (288, 384)
    window: int = 9
    raw_depth: bool = False


def note_settings(out: Path, how: Conversion) -> None:
    """Write ``README.txt`` with the settings; refuse a folder made with other settings.

    Raises:
        ValueError: If the folder was made with other settings.
    """
    about = ABOUT.format(
        classes=how.classes,
        height=how.size[0],
        width=how.size[1],
        depth="raw" if how.raw_depth else "holes filled by the publisher",
        window=how.window,
    )
    path = out / "README.txt"
    if path.is_file() and path.read_text() != about:
        raise ValueError(
            f"{path} is of a conversion with other settings:\n{path.read_text()}\nexpected:\n"
            f"{about}\nGive another --out, or remove that folder"
        )
    write_text(path, about)


def check_source(
    arrays: Mapping[str, np.ndarray], splits: Mapping[str, np.ndarray], depth_key: str
) -> None:
    """Check that the publisher's arrays are there, and that the splits name frames of them.

    Raises:
        ValueError: If an array is missing, or the splits overlap or name other frames.
    """
    missing = [key for key in ("images", "labels", depth_key) if key not in arrays]
    if missing:
        raise ValueError(f"the labelled file has no {', '.join(missing)}; it has {list(arrays)}")
    count = len(arrays["images"])
    named: dict[int, str] = {}
    for split, frames in splits.items():
        numbers = np.asarray(frames, float).ravel()
        for number in numbers:
            if not (1 <= number <= count and number == int(number)):
                raise ValueError(f"{split} names frame {number:g}; there are 1 to {count}")
            if int(number) in named:
                raise ValueError(f"frame {number:g} is in {named[int(number)]} and in {split}")
            named[int(number)] = split


def note_source(out: Path, splits: Mapping[str, np.ndarray], table: np.ndarray) -> None:
    """Write which frames a folder holds and how labels are mapped; refuse one of others.

    Raises:
        ValueError: If the folder was begun with other splits or another mapping.
    """
    lists = {split: np.asarray(frames).ravel().astype(int) for split, frames in splits.items()}
    digests = {
        name: sha256(array.astype("<i8").tobytes()).hexdigest()[:16]
        for name, array in (*lists.items(), ("labels", table))
    }
    path = out / SOURCE
    known = json.loads(path.read_text()) if path.is_file() else digests
    other = [name for name in digests if known.get(name) != digests[name]]
    if other:
        raise ValueError(
            f"{out} was begun with another mapping of labels or other splits ({', '.join(other)}): "
            "give another --out, or remove that folder"
        )
    write_text(path, json.dumps(digests, indent=1) + "\n")


def convert(
    arrays: Mapping[str, np.ndarray],
    splits: Mapping[str, np.ndarray],
    out: Path,
    table: np.ndarray,
    how: Conversion,
    progress: Callable[[list, str], Iterable],
) -> int:
    """Convert all frames that do not exist yet.

    Args:
        arrays: See :func:`convert_frame`.
        splits: Split -> frames, counted from 1 as by the publisher.
        out: Folder to write to.
        table: See :func:`label_table`.
        how: The settings.
        progress: Wraps a loop, given the list and a title.

    Returns:
        Number of frames converted now.

    Raises:
        ValueError: If the folder has frames made with other settings, or the arrays do not fit.
    """
    new = 0
    depth_key = "rawDepths" if how.raw_depth else "depths"
    check_source(arrays, splits, depth_key)
    note_settings(out, how)
    note_source(out, splits, table)
    for split, frames in splits.items():
        for name in FOLDERS:
            (out / split / name).mkdir(parents=True, exist_ok=True)
        jobs = []
        for number, frame in enumerate(np.asarray(frames).ravel().astype(int) - 1):
            paths = {name: out / split / name / f"{number}.npy" for name in FOLDERS}
            if not all(path.exists() for path in paths.values()):
                jobs.append((int(frame), paths))
        for frame, paths in progress(jobs, f"{split}: {len(jobs)} of {np.size(frames)} frames"):
            arrays_of_it = convert_frame(arrays, frame, table, how.size, depth_key, how.window)
            write_frame(arrays_of_it, paths)
            new += 1
    return new
