r"""Compare the gradients of a model's losses with respect to its backbone: length and direction.

For any mmseg config with a checkpoint: the length of each loss's gradient of the backbone's
weights, mean over batches, and the cosine between it and the gradient of the first loss. A loss
whose gradient is a hundredth of another's has no effect, regardless of its value in the log.

Examples:
    python tools/analysis_tools/loss_gradients.py \
        configs/heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py CHECKPOINT
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from rich.console import Console
from torch import Tensor, nn

from mmlhl.analysis.formats import to_markdown, to_rich
from mmlhl.analysis.loading import load_complete
from mmlhl.analysis.loss_gradients import gradients, sheet_of
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, add_override_argument, config_file, count
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.files import write_text
from mmlhl.refusals import run_command


def batches_of(
    cfg: Config, model: nn.Module, count: int
) -> Iterator[dict[str, tuple[float, Tensor]]]:
    """Gradients of the first batches of the train loader."""
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    for _, data in zip(range(count), loader, strict=False):
        yield gradients(model, data)


def main(argv: list[str] | None = None) -> None:
    """Differentiate and print; write Markdown with ``--out``."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config file")
    parser.add_argument("checkpoint", help="checkpoint of the config's model")
    parser.add_argument("--batches", type=count, default=10, help="number of batches")
    parser.add_argument("--out", type=Path, help="also write the table to this Markdown file")
    add_trust_argument(parser)
    add_override_argument(parser)
    args = parser.parse_args(argv)
    cfg = overridden(args.config, args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmseg"))
    with checkpoint_trust(args.trust_checkpoint):
        model = load_complete(MODELS.build(cfg.model), args.checkpoint, cfg)
    sheet = sheet_of(batches_of(cfg, model.train(), args.batches))
    Console().print(to_rich(sheet))
    if args.out:
        write_text(args.out, to_markdown(sheet))


if __name__ == "__main__":
    run_command(main)
