"""Publish a checkpoint: keep only the weights and metadata that a prediction needs."""

from __future__ import annotations

import os

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.runner import CheckpointLoader

from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser
from mmlhl.files import refuse_same
from mmlhl.inference.publishing import TRAINING_ONLY, publish, write_published
from mmlhl.refusals import run_command


def main() -> None:
    """Read a checkpoint and write the published one."""
    parser = Parser(__doc__)
    parser.add_argument("checkpoint", help="checkpoint file of a training")
    parser.add_argument("out", help="file to write; the ending .safetensors chooses that format")
    parser.add_argument(
        "--drop",
        nargs="*",
        default=TRAINING_ONLY,
        metavar="PREFIX",
        help=f"keys to leave out, by prefix (default: {' '.join(TRAINING_ONLY)})",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="store kernels and matrices in 16 bits, which halves the size",
    )
    add_trust_argument(parser)
    args = parser.parse_args()
    refuse_same(args.out, args.checkpoint)
    with checkpoint_trust(args.trust_checkpoint):
        before = CheckpointLoader.load_checkpoint(args.checkpoint, map_location="cpu")
    after = publish(before, tuple(args.drop), args.checkpoint, args.half)
    write_published(args.out, after)
    dropped = len(before["state_dict"]) - len(after["state_dict"])
    size = os.path.getsize(args.out) / 2**20
    print(f"{args.out}: {len(after['state_dict'])} tensors, {dropped} left out, {size:.1f} MiB")
    for task, output in after["meta"].get("outputs", {}).items():
        print(f"  {task}: {output['kind']}{f', in {unit}' if (unit := output['unit']) else ''}")


if __name__ == "__main__":
    run_command(main)
