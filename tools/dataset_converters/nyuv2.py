r"""Convert NYUv2 from the publisher's files to the arrays that ``NYUv2Dataset`` reads.

Needs ``nyu_depth_v2_labeled.mat`` and ``splits.mat`` from the publisher. The 894 raw labels are
mapped to the 40 classes of Gupta et al., 2013, or by ``--class-map``. Writes
``<out>/{train,val}/{image,label,depth,normal}/<i>.npy``: image float32 in [0, 1], label int16 with
-1 ignored, depth float32 in metres with 0 unmeasured, normal float32 with 0 missing.

The dataset has no published normals: they are computed here, by fitting planes to the depth with
the camera's intrinsics, as ``<out>/README.txt`` states. An interrupted conversion is continued by
another call.

Example (h5py is needed: ``pip install h5py``):
    python tools/dataset_converters/nyuv2.py nyu_depth_v2_labeled.mat splits.mat \
        --classes 13 --out data/nyuv2
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    from mmlhl.command_line import Parser, count

    parser = Parser(__doc__)
    parser.add_argument("labeled", help="the publisher's nyu_depth_v2_labeled.mat")
    parser.add_argument("splits", help="the publisher's splits.mat, with trainNdxs and testNdxs")
    parser.add_argument(
        "--class-map",
        help="another mapping of labels: a .mat with mapClass, 894 numbers from 1 to 40",
    )
    parser.add_argument(
        "--classes", type=int, choices=(13, 40), default=13, help="number of classes"
    )
    parser.add_argument("--out", default="data/nyuv2", help="folder to write to")
    parser.add_argument(
        "--size",
        type=count,
        nargs=2,
        default=(288, 384),
        metavar=("H", "W"),
        help="pixels of an image",
    )
    parser.add_argument(
        "--window",
        type=count,
        default=9,
        help="side of the window from which normals are computed, in pixels",
    )
    parser.add_argument(
        "--raw-depth", action="store_true", help="keep the sensor's depth, with its holes"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert the files; 1 if that is not possible."""
    args = parse_args(argv)
    from rich.progress import track
    from scipy.io import loadmat

    from mmlhl.datasets.nyuv2_arrays import own_arrays
    from mmlhl.datasets.nyuv2_conversion import Conversion, convert, label_table
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
    how = Conversion(args.classes, tuple(args.size), args.window, args.raw_depth)
    read = args.splits
    try:
        ids = loadmat(args.splits)
        splits = dict(train=ids["trainNdxs"], val=ids["testNdxs"])
        read = args.class_map or "TO_40"
        class_map = loadmat(args.class_map)["mapClass"] if args.class_map else TO_40
        table = label_table(class_map, args.classes)
        read = args.labeled
        arrays = h5py.File(args.labeled, "r")
    except Exception as error:  # scipy raises anything for a file that is none of MATLAB
        print(f"error: {read}: {error}", file=sys.stderr)
        return 1
    print("The set has no normals: they are computed from its depth (see README.txt there).")
    try:
        with arrays:
            own = own_arrays(arrays, ("images", "labels", "depths", "rawDepths"))
            new = convert(own, splits, Path(args.out), table, how, track)
    except ValueError as error:
        print(f"error: {args.labeled}: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {new} frames converted, the others were there already")
    return 0


if __name__ == "__main__":
    from mmlhl.refusals import run_command

    run_command(main)
