"""Export a checkpoint to ONNX, torch.export or TorchScript: one named output per task."""

import argparse

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, amount, config_file
from mmlhl.inference import load_model
from mmlhl.inference.export import FORMATS, ExportOptions, export_model
from mmlhl.inference.export.exporting import SHAPES
from mmlhl.inference.export.graph import CLASSES, INPUTS
from mmlhl.refusals import run_command


def pair(text: str) -> tuple[int, int]:
    """Height and width from ``480x640``."""
    height, _, width = text.partition("x")
    if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 480x640")
    return int(height), int(width)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("checkpoint", help="checkpoint file, of a phase or published")
    parser.add_argument("out", help="file to write; its ending names the format")
    parser.add_argument(
        "--format", choices=list(FORMATS), help="format, if the file's ending names none"
    )
    parser.add_argument("--tasks", nargs="+", help="tasks to export (default: all)")
    parser.add_argument(
        "--input",
        choices=INPUTS,
        default="rgb",
        help="what the graph takes (default: rgb in 0..255)",
    )
    parser.add_argument(
        "--classes",
        choices=CLASSES,
        default="ids",
        help="what it gives for classes (default: ids, int64)",
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="export the decoders' own maps, without activation and at their size",
    )
    parser.add_argument(
        "--size",
        type=pair,
        metavar="HxW",
        help="export for one image of this size (default: any number and size)",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="see the whole image where the model tests with a sliding window",
    )
    parser.add_argument(
        "--check",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare the graph with the model (default: compare)",
    )
    parser.add_argument(
        "--check-sizes",
        nargs="+",
        type=pair,
        metavar="HxW",
        help="sizes to compare at (default: three, one of them odd)",
    )
    parser.add_argument(
        "--tolerance", type=amount, default=1e-4, help="greatest difference that is accepted"
    )
    parser.add_argument(
        "--config", type=config_file, help="the checkpoint's config, if it does not carry its own"
    )
    add_trust_argument(parser)
    args = parser.parse_args()
    if args.check_sizes and (args.size or not args.check):
        why = "--size fixes the size" if args.size else "--no-check compares nothing"
        parser.error(f"--check-sizes has no effect: {why}")
    return args


def main() -> None:
    """Load, export, check, report."""
    args = parse_args()
    with checkpoint_trust(args.trust_checkpoint):
        loaded = load_model(args.checkpoint, args.config, args.tasks, device="cpu")
    shapes = SHAPES if args.check else ()
    if args.check and args.check_sizes:
        shapes = tuple((1 + i % 2, *size) for i, size in enumerate(args.check_sizes))
    options = ExportOptions(args.input, args.classes, args.raw)
    errors = export_model(
        loaded, args.out, args.format, options, args.size, args.whole, shapes, args.tolerance
    )
    worst = ", ".join(f"{task} {error:.1e}" for task, error in errors.items()) or "not checked"
    print(f"{args.out}: {', '.join(loaded.model.tasks)}; greatest difference: {worst}")


if __name__ == "__main__":
    run_command(main)
