r"""NYUv2 from the publisher's files to the arrays that ``NYUv2Dataset`` reads.

Needs ``nyu_depth_v2_labeled.mat`` and ``splits.mat`` from the publisher. The 894 raw labels become
the 40 classes of Gupta et al., 2013, or what ``--class-map`` says. Writes
``<out>/{train,val}/{image,label,depth,normal}/<i>.npy``: image float32 in [0, 1], label int16 with
-1 ignored, depth float32 in metres with 0 unmeasured, normal float32 with 0 missing.

The set publishes no normals: they are computed here, by fitting planes to the depth with the
camera's intrinsics, and ``<out>/README.txt`` says so. A second call goes on where the first one
stopped.

Example (h5py is needed: ``pip install h5py``):
    python tools/dataset_converters/nyuv2.py nyu_depth_v2_labeled.mat splits.mat \
        --classes 13 --out data/nyuv2
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")

CAMERA = dict(fx=518.8579, fy=519.4696, cx=325.5824 + 0.5, cy=253.7362 + 0.5)
"""Publisher's intrinsics of the colour camera at 480x640; half a pixel is added because here the
first pixel's centre lies at 0.5."""

FOLDERS = ("image", "label", "depth", "normal")
ABOUT = """NYUv2 as arrays, converted from nyu_depth_v2_labeled.mat.
classes: {classes}, size: {height}x{width}, depth: {depth}
normals: not published with the set. Computed from the depth by least-squares planes in inverse
depth over {window}x{window} pixels at 480x640, camera frame x right, y down, z forward, pointing
towards the camera. Figures on them cannot be compared with those on normals of other origin.
"""


def label_table(class_map: np.ndarray, classes: int) -> np.ndarray:
    """Raw label -> class id.

    Args:
        class_map: For each of the 894 raw labels, its class 1..40.
        classes: 40 or 13.

    Returns:
        int16; entry 0, the unlabelled, is -1.

    Raises:
        ValueError: If the mapping has other classes.
    """
    from mmlhl.datasets.nyuv2_classes import TO_13

    class_map = np.asarray(class_map).ravel().astype(int)
    if class_map.min() < 1 or class_map.max() > 40:
        raise ValueError(
            f"class map holds {class_map.min()}..{class_map.max()}, expected classes 1..40"
        )
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
    """One frame's arrays.

    Args:
        arrays: ``images`` (N, 3, W, H), ``labels`` (N, W, H) and depth (N, W, H), as h5py shows
            MATLAB's arrays.
        index: Frame, from 0.
        table: See :func:`label_table`.
        size: (height, width) of the result.
        depth_key: ``depths`` (holes filled by the publisher) or ``rawDepths``.
        window: Side of the window that normals are fitted in.

    Returns:
        ``image``, ``label``, ``depth`` and ``normal``.
    """
    from mmlhl.datasets.geometry import normals_from_depth
    from mmlhl.datasets.transforms.maps import resize_map

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
    """Write arrays under temporary names and rename them: no file is ever half there."""
    from mmlhl.files import atomic_path

    for name, path in paths.items():
        with atomic_path(path, sync=False) as temporary, open(temporary, "wb") as stream:
            np.save(stream, frame[name])


def note_settings(out: Path, args: argparse.Namespace) -> None:
    """Write ``README.txt`` before any frame; a folder of other settings is not continued.

    Args:
        out: Folder to write to.
        args: Command line.

    Raises:
        ValueError: If the folder was made with other settings.
    """
    about = ABOUT.format(
        classes=args.classes,
        height=args.size[0],
        width=args.size[1],
        depth="raw" if args.raw_depth else "holes filled by the publisher",
        window=args.window,
    )
    path = out / "README.txt"
    if path.is_file() and path.read_text() != about:
        raise ValueError(
            f"{path} is of a conversion with other settings:\n{path.read_text()}\nexpected:\n"
            f"{about}\nGive another --out, or remove that folder"
        )
    from mmlhl.files import write_text

    write_text(path, about)


def convert(
    arrays: Mapping[str, np.ndarray],
    splits: Mapping[str, np.ndarray],
    out: Path,
    table: np.ndarray,
    args: argparse.Namespace,
    progress: Callable[[list, str], Iterable],
) -> int:
    """Convert all frames that are not there yet.

    Args:
        arrays: See :func:`convert_frame`.
        splits: Split -> frames, counted from 1 as by the publisher.
        out: Folder to write to.
        table: See :func:`label_table`.
        args: Command line.
        progress: Wraps a loop, given the list and a title.

    Returns:
        Number of frames converted now.

    Raises:
        ValueError: If frames are there that were made with other settings.
    """
    new = 0
    depth_key = "rawDepths" if args.raw_depth else "depths"
    note_settings(out, args)
    for split, frames in splits.items():
        for name in FOLDERS:
            (out / split / name).mkdir(parents=True, exist_ok=True)
        jobs = []
        for number, frame in enumerate(np.asarray(frames).ravel().astype(int) - 1):
            paths = {name: out / split / name / f"{number}.npy" for name in FOLDERS}
            if not all(path.exists() for path in paths.values()):
                jobs.append((int(frame), paths))
        for frame, paths in progress(jobs, f"{split}: {len(jobs)} of {np.size(frames)} frames"):
            size = tuple(args.size)
            write_frame(convert_frame(arrays, frame, table, size, depth_key, args.window), paths)
            new += 1
    return new


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    from mmlhl.command_line import Parser

    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labeled", help="nyu_depth_v2_labeled.mat")
    parser.add_argument("splits", help="splits.mat with trainNdxs and testNdxs")
    parser.add_argument(
        "--class-map", help="another mapping: a .mat with mapClass, 894 numbers from 1 to 40"
    )
    parser.add_argument("--classes", type=int, choices=(13, 40), default=13)
    parser.add_argument("--out", default="data/nyuv2")
    parser.add_argument("--size", type=int, nargs=2, default=(288, 384), metavar=("H", "W"))
    parser.add_argument("--window", type=int, default=9, help="window of the normals' planes")
    parser.add_argument("--raw-depth", action="store_true", help="leave holes of the depth open")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert the files; 1 if that is not possible."""
    args = parse_args(argv)
    from rich.progress import track
    from scipy.io import loadmat

    from mmlhl.datasets.nyuv2_raw_labels import TO_40

    try:
        import h5py
    except ImportError:
        print("error: reading the .mat file needs h5py: pip install h5py", file=sys.stderr)
        return 1
    for path in (args.labeled, args.splits, args.class_map):
        if path is not None and not Path(path).is_file():
            print(f"error: {path}: no such file", file=sys.stderr)
            return 1
    try:
        ids = loadmat(args.splits)
        splits = dict(train=ids["trainNdxs"], val=ids["testNdxs"])
        class_map = loadmat(args.class_map)["mapClass"] if args.class_map else TO_40
        table = label_table(class_map, args.classes)
    except (KeyError, ValueError) as error:
        print(f"error: {args.splits} or {args.class_map or 'TO_40'}: {error}", file=sys.stderr)
        return 1
    print("The set has no normals: they are computed from its depth (see README.txt there).")
    try:
        with h5py.File(args.labeled, "r") as arrays:
            new = convert(arrays, splits, Path(args.out), table, args, track)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {new} frames converted, the others were there already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
