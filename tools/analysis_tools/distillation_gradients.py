r"""Measure gradients of distillation losses: their strength, their pixels, and their agreement.

Takes a student and its teacher, two checkpoints of one sequence, and differentiates each loss with
respect to the student's raw map of each old task. Strength is the sum over an image's pixels of the
gradient's length, as a multiple of plain pixel-wise distillation's (LwF) at the same lambda. Shares
are the parts of that sum at the tenth of the pixels where the student is nearest to the teacher,
and at the tenth where it is farthest. Agreement is the length of the images' mean gradient of the
encoder's weights, in percent of the mean length: 100 if all gradients are equal, and about
100 / sqrt(images) if they are noise.

Examples:
    python tools/analysis_tools/distillation_gradients.py \
        configs/had/rooms_seg_depth_normal_pretrained.py \
        --teacher work_dirs/demo/phase_2_depth/depth.pth \
        --student work_dirs/demo/phase_3_normal/normal.pth
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from rich.console import Console
from rich.progress import track
from torch import nn

from mmlhl.analysis.distillation_gradients import measure, sheet_of
from mmlhl.analysis.formats import to_markdown, to_rich
from mmlhl.analysis.loading import load_complete
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, add_override_argument, config_file, count
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.files import write_text
from mmlhl.refusals import run_command


def load(cfg: Config, checkpoint: str) -> nn.Module:
    """The model of a config with a checkpoint's tasks and weights, for inference."""
    return load_complete(MODELS.build(cfg.model), checkpoint, cfg).eval()


def batches_of(cfg: Config, count: int) -> Iterator[dict]:
    """The first images of the test set, one per batch."""
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for index in track(range(min(count, len(dataset))), description="differentiating"):
        yield pseudo_collate([dataset[index]])


def main(argv: list[str] | None = None) -> None:
    """Measure and print; write Markdown with ``--out``."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config of the sequence")
    parser.add_argument("--teacher", required=True, help="checkpoint of one phase")
    parser.add_argument("--student", required=True, help="checkpoint of the next phase")
    parser.add_argument("--images", type=count, default=30, help="number of test images")
    parser.add_argument("--out", type=Path, help="also write the tables to this Markdown file")
    add_trust_argument(parser)
    add_override_argument(parser)
    args = parser.parse_args(argv)
    cfg = overridden(args.config, args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmseg"))
    with checkpoint_trust(args.trust_checkpoint):
        student, teacher = load(cfg, args.student), load(cfg, args.teacher)
    found = measure(student, teacher, batches_of(cfg, args.images))
    sheets = [sheet_of(task, images) for task, images in found.items()]
    for sheet in sheets:
        Console().print(to_rich(sheet))
    if args.out:
        write_text(args.out, "\n".join(map(to_markdown, sheets)))


if __name__ == "__main__":
    run_command(main)
