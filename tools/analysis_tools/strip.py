"""Draw a test image over a sequence: for each task, the truth and every phase's prediction.

Example:
    python tools/analysis_tools/strip.py work_dirs/demo --image 7 --out strip.jpg
"""

import argparse
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
import cv2
import numpy as np
from mmseg.structures import SegDataSample

from mmlhl.analysis.report.strip_section import image_of, predict_phases
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, count, whole
from mmlhl.evaluation import LifelongRecord
from mmlhl.files import atomic_path
from mmlhl.refusals import run_command
from mmlhl.visualization.sample_maps import as_array
from mmlhl.visualization.sequence_grid import GridRow, sequence_grid


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("work_dir", type=Path, help="work dir of a sequence")
    parser.add_argument("--image", type=whole, default=0, help="number of the test image, from 0")
    parser.add_argument("--width", type=count, default=160, help="width of each map in pixels")
    parser.add_argument("--out", type=Path, required=True, help="picture to write: .png or .jpg")
    add_trust_argument(parser)
    args = parser.parse_args(argv)
    if args.out.suffix not in (".png", ".jpg"):
        parser.error(f"--out {args.out}: the name must end in .png or .jpg")
    return args


def truth_of(sample: SegDataSample, field: str) -> np.ndarray | None:
    """The annotation ``(C, H, W)`` of a field, None if there is none."""
    truth = sample.get(f"gt_{field}")
    return None if truth is None else as_array(truth.data)


def main(argv: list[str] | None = None) -> None:
    """Predict and draw."""
    args = parse_args(argv)
    record = LifelongRecord.load(args.work_dir)
    with checkpoint_trust(args.trust_checkpoint):
        (item,), tasks, phases = predict_phases(record, [args.image])
    rows = [
        GridRow(
            task,
            info.kind,
            truth_of(item["data_samples"], info.field),
            {p.name: p.maps[0][info.field] for p in phases if task in p.tasks},
            None if info.palette is None else np.asarray(info.palette, np.uint8),
            info.unit,
        )
        for task, info in tasks.items()
    ]
    picture = sequence_grid(image_of(item), [p.name for p in phases], rows, args.width)
    with atomic_path(args.out) as temporary:
        _, data = cv2.imencode(args.out.suffix, picture[..., ::-1])
        Path(temporary).write_bytes(data.tobytes())
    print(f"Wrote {args.out}, {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    run_command(main)
