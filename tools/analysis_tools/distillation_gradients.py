"""Where a distillation loss pulls: how strongly, and at which pixels.

Takes a student and its teacher, two checkpoints of one sequence, and differentiates each loss with
respect to the student's raw map of each old task. Strength is the sum over an image's pixels of the
gradient's length, as a multiple of plain pixel-wise distillation's (LwF) at the same lambda. The
shares say which part of that sum falls on the tenth of the pixels whose student is nearest to the
teacher, and on the tenth that is farthest.

Examples:
    python tools/analysis_tools/distillation_gradients.py configs/had/rooms_seg_depth_normal.py \
        --teacher work_dirs/demo/phase_2_depth/depth.pth \
        --student work_dirs/demo/phase_3_normal/normal.pth
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is told in plain words

# isort: split
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import DATASETS, MODELS
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from mmlhl.evaluation.rendering import to_markdown, to_rich
from mmlhl.evaluation.seeds import over_seeds
from mmlhl.evaluation.sheet import Column, Sheet
from mmlhl.models.methods import HAD, HADRelease, LwF
from mmlhl.models.methods.distillation import DistillationMethod

#: the losses that are compared; the first one sets the scale
METHODS = {
    "LwF": LwF(),
    "HAD": HAD(),
    "HAD, DB": HAD(loss=dict(with_sg=False)),
    "HAD, DB arithmetic": HAD(loss=dict(with_sg=False, mean="arithmetic")),
    "HAD, DB offset 0.05": HAD(loss=dict(with_sg=False, offset=0.05)),
    "HAD, SG": HAD(loss=dict(with_db=False)),
    "HAD as released": HADRelease(),
}


def pull(
    method: DistillationMethod, head: nn.Module, raw: Tensor, label: Tensor
) -> tuple[float, Tensor]:
    """Value of a loss and the length of its gradient at each pixel.

    Args:
        method: Its loss, before lambda, is differentiated.
        head: The task's head.
        raw: The student's raw map at full size, ``(N, K, H, W)``.
        label: The teacher's pseudo label.

    Returns:
        The value, and ``(N, H, W)``, times N so that it is an image's own gradient.
    """
    raw = raw.detach().requires_grad_()
    valid = torch.ones_like(raw[:, 0], dtype=torch.bool)
    value = sum(method.distill(head, head.activation(raw), label, valid).values())
    (gradient,) = torch.autograd.grad(value, raw)
    return value.item(), len(raw) * gradient.square().sum(1).sqrt()


def shares(length: Tensor, distance: Tensor, part: float = 0.1) -> tuple[Tensor, Tensor]:
    """Shares of the gradient at the pixels nearest to the teacher and farthest from it.

    Args:
        length: ``(N, H, W)``, see :func:`pull`.
        distance: ``(N, H, W)``, the pixel distillation map.
        part: Part of an image's pixels that counts as nearest, and as farthest.

    Returns:
        Two of ``(N,)``, in percent; NaN for an image without a gradient.
    """
    order = distance.flatten(1).argsort(1)
    sorted_length = length.flatten(1).gather(1, order)
    count = max(1, round(part * order.shape[1]))
    total = sorted_length.sum(1)
    near, far = sorted_length[:, :count].sum(1), sorted_length[:, -count:].sum(1)
    return 100 * near / total, 100 * far / total


def measure(
    student: nn.Module, teacher: nn.Module, batches: Iterator[dict]
) -> dict[str, dict[str, list[tuple[float, ...]]]]:
    """Value, summed gradient, and both shares, for each task, loss and image."""
    found: dict = {}
    for data in batches:
        feats = []
        for model in (student, teacher):
            inputs = model.data_preprocessor(data, False)["inputs"]
            with torch.no_grad():
                feats.append(model.extract_feat(inputs))
        size = inputs.shape[2:]
        for task, their in teacher.heads.items():
            head = student.heads[task]
            with torch.no_grad():
                label = their.pseudo_label(their.activate(their(feats[1]), size))
                raw = head.resize(head(feats[0]), size)
                distance = head.distance(head.activation(raw), label)
            for name, method in METHODS.items():
                value, length = pull(method, head, raw, label)
                rows = zip(length.sum((1, 2)), *shares(length, distance), strict=True)
                images = found.setdefault(task, {}).setdefault(name, [])
                images += [(value, *map(float, row)) for row in rows]
    return found


def sheet_of(task: str, images: dict[str, list[tuple[float, ...]]]) -> Sheet:
    """Means over images, a row a loss."""
    columns = [
        Column("value", digits=4),
        Column("strength / LwF"),
        Column("share of nearest tenth %", digits=1),
        Column("share of farthest tenth %", digits=1),
    ]
    sheet = Sheet("gradients", f"{task}: gradients of distillation", columns, corner="loss")
    scale = over_seeds(row[1] for row in images["LwF"]).mean
    for name, rows in images.items():
        value, total, near, far = (over_seeds(column).mean for column in zip(*rows, strict=True))
        cells = (value, total / scale if scale else float("nan"), near, far)
        sheet.rows.append((name, [over_seeds([cell]) for cell in cells]))
    return sheet


def load(cfg: Config, checkpoint: str) -> nn.Module:
    """The model of a config with a checkpoint's tasks and weights, for inference."""
    model = MODELS.build(cfg.model)
    load_checkpoint(model, checkpoint, map_location="cpu")
    return model.eval()


def batches_of(cfg: Config, count: int) -> Iterator[dict]:
    """The first images of the test set, one a batch."""
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for index in track(range(min(count, len(dataset))), description="differentiating"):
        yield pseudo_collate([dataset[index]])


def main(argv: list[str] | None = None) -> None:
    """Measure and print, and write Markdown if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0],
        epilog=__doc__.split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", help="config of the sequence")
    parser.add_argument("--teacher", required=True, help="checkpoint of a phase")
    parser.add_argument("--student", required=True, help="checkpoint of the phase after it")
    parser.add_argument("--images", type=int, default=30, help="number of test images")
    parser.add_argument("--out", type=Path, help="also write the tables to this Markdown file")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE")
    args = parser.parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get("default_scope", "mmseg"))
    student, teacher = load(cfg, args.student), load(cfg, args.teacher)
    found = measure(student, teacher, batches_of(cfg, args.images))
    sheets = [sheet_of(task, images) for task, images in found.items()]
    for sheet in sheets:
        Console().print(to_rich(sheet))
    if args.out:
        args.out.write_text("\n".join(map(to_markdown, sheets)), encoding="utf-8")


if __name__ == "__main__":
    main()
