"""Render the rooms dataset to disk; if it exists, return at once.

Example:
    python tools/dataset_converters/rooms.py --out data/rooms --workers 2
"""

import argparse
import os
import sys
import time

# the renderer's arrays are small: several threads per process would only slow it down
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    from mmlhl.command_line import Parser, count, whole

    parser = Parser(__doc__)
    parser.add_argument("--out", default="data/rooms", help="folder to write to")
    parser.add_argument("--train", type=whole, default=600, help="number of scenes for training")
    parser.add_argument("--val", type=whole, default=120, help="number of scenes for validation")
    parser.add_argument("--height", type=count, default=96, help="image height in pixels")
    parser.add_argument("--width", type=count, default=128, help="image width in pixels")
    parser.add_argument("--seed", type=whole, default=0, help="seed; another one gives other rooms")
    parser.add_argument("--workers", type=count, default=2, help="number of processes that render")
    return parser.parse_args()


def main() -> int:
    """Render missing scenes; 1 if the folder contains something else."""
    args = parse_args()
    from mmlhl.rendering import write_rooms

    start = time.perf_counter()
    try:
        new = write_rooms(
            args.out, args.train, args.val, args.height, args.width, args.seed, args.workers
        )
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    took = (
        f"{new} scenes rendered in {time.perf_counter() - start:.0f} s" if new else "nothing to do"
    )
    print(f"rooms: {args.train} train and {args.val} val scenes in {args.out} ({took})")
    return 0


if __name__ == "__main__":
    from mmlhl.refusals import run_command

    run_command(main)
