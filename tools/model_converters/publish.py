"""Make a checkpoint fit to be passed on: only the weights that a prediction needs."""

import os

import mmlhl  # noqa: F401  first, so that a missing mmseg is told in plain words

# isort: split
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from mmlhl.command_line import Parser
from mmlhl.files import atomic_path
from mmlhl.models.teachers import model_config

# What only training needs: projectors of a distilled segmentor.
TRAINING_ONLY = ("distillers.",)


def plain_config(text: str) -> str:
    """The config in a checkpoint, with a distilled segmentor replaced by its student."""
    cfg = Config.fromstring(text, file_format=".py")
    if "student" in cfg.get("model", {}):
        cfg.model = model_config(cfg)
    return cfg.pretty_text


def publish(checkpoint: dict, drop: tuple[str, ...] = TRAINING_ONLY) -> dict:
    """What is left of a checkpoint for prediction.

    Args:
        checkpoint: As mmengine saves it.
        drop: Prefixes of the keys that are left out.

    Returns:
        Its meta data, with the config of the plain student, and its weights, without the
        optimizer, the schedulers, the log and the second weights of EMA.

    Raises:
        ValueError: If there are no weights.
    """
    if "state_dict" not in checkpoint:
        raise ValueError(f"the checkpoint has no 'state_dict', only {sorted(checkpoint)}")
    weights = checkpoint["state_dict"]
    meta = dict(checkpoint.get("meta", {}))
    if "cfg" in meta:
        meta["cfg"] = plain_config(meta["cfg"])
    kept = {key: value for key, value in weights.items() if not key.startswith(drop)}
    return dict(meta=meta, state_dict=kept)


def main() -> None:
    """Read a checkpoint, write the published one beside it under a temporary name, rename it."""
    parser = Parser(description=__doc__)
    parser.add_argument("checkpoint", help="checkpoint file of a training")
    parser.add_argument("out", help="file to write")
    parser.add_argument(
        "--drop",
        nargs="*",
        default=TRAINING_ONLY,
        metavar="PREFIX",
        help=f"keys to leave out, by prefix (default: {' '.join(TRAINING_ONLY)})",
    )
    args = parser.parse_args()
    if not os.path.isfile(args.checkpoint):
        parser.error(f"there is no file {args.checkpoint}")
    before = CheckpointLoader.load_checkpoint(args.checkpoint, map_location="cpu")
    after = publish(before, tuple(args.drop))
    with atomic_path(args.out) as temporary:
        torch.save(after, temporary)
    dropped = len(before["state_dict"]) - len(after["state_dict"])
    size = os.path.getsize(args.out) / 2**20
    print(f"{args.out}: {len(after['state_dict'])} tensors, {dropped} left out, {size:.1f} MiB")


if __name__ == "__main__":
    main()
