"""Predict the maps of all tasks of a checkpoint for images, folders, patterns or videos."""

import argparse

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, config_file, count
from mmlhl.inference import LifelongInferencer
from mmlhl.refusals import run_command


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("checkpoint", help="checkpoint file, of a phase or published")
    parser.add_argument(
        "inputs", nargs="+", help="images, folders, patterns, videos, or .txt lists of them"
    )
    parser.add_argument(
        "--out", required=True, help="folder for the maps, with one folder per task"
    )
    parser.add_argument("--tasks", nargs="+", help="tasks to predict (default: all)")
    parser.add_argument("--batch-size", type=count, default=1, help="images per batch")
    parser.add_argument(
        "--device", help="'cpu', 'cuda', 'cuda:1' ... (default: a GPU if there is one)"
    )
    parser.add_argument("--npy", action="store_true", help="also write every map as .npy")
    parser.add_argument(
        "--panels", action="store_true", help="also draw all tasks into one picture per image"
    )
    parser.add_argument(
        "--config", type=config_file, help="the checkpoint's config, if it does not carry its own"
    )
    add_trust_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Predict and write."""
    args = parse_args()
    with checkpoint_trust(args.trust_checkpoint):
        inferencer = LifelongInferencer(args.config, args.checkpoint, args.tasks, args.device)
    images = inferencer.stream(
        args.inputs, args.batch_size, out_dir=args.out, npy=args.npy, panels=args.panels
    )
    count = sum(1 for _ in images)
    print(f"{args.out}: {', '.join(inferencer.tasks)} of {inferencer.sources.counted(count)}")


if __name__ == "__main__":
    run_command(main)
