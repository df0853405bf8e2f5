"""Compare the time of HADLoss with the same equations as loops over images and groups.

Both are run in turn on the same tensors; only the ratio can be compared between machines.

Example:
    python tools/benchmarks/had_loss.py --batch 8 --size 288 384 --groups 13
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mmlhl.analysis.benchmarks.plain_had import looped
from mmlhl.command_line import Parser, count
from mmlhl.models.losses import HADLoss
from mmlhl.refusals import run_command


def step(function: Callable[[], Tensor], leaf: Tensor) -> tuple[float, Tensor]:
    """Seconds of one forward and backward pass, and the loss."""
    leaf.grad = None
    if leaf.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    loss = function()
    loss.backward()
    if leaf.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start, loss.detach()


def main() -> None:
    """Measure and print the table."""
    parser = Parser(__doc__)
    parser.add_argument("--batch", type=count, default=8, help="number of images")
    parser.add_argument(
        "--size",
        type=count,
        nargs=2,
        default=(288, 384),
        metavar=("H", "W"),
        help="pixels of an image",
    )
    parser.add_argument(
        "--groups", type=count, nargs="+", default=[2, 13, 40, 150], help="numbers of groups"
    )
    parser.add_argument("--repeats", type=count, default=15, help="times that each is measured")
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="where to compute"
    )
    args = parser.parse_args()
    table = Table(title=f"forward and backward, {args.batch} x {args.size} on {args.device}")
    for name in ("groups", "HADLoss ms", "loops ms", "loops / HADLoss", "loss differs by"):
        table.add_column(name, justify="right")
    had = HADLoss()
    for number in args.groups:
        torch.manual_seed(0)
        leaf = torch.rand(args.batch, *args.size, device=args.device).requires_grad_()
        groups = torch.randint(number, leaf.shape, device=args.device)
        valid = torch.rand_like(leaf) > 0.05
        fast = lambda: sum(had(leaf, groups, valid, number).values())  # noqa: E731, B023
        loops = lambda: looped(leaf, groups, valid, had.k, had.eps)  # noqa: E731, B023
        pairs = [(step(fast, leaf), step(loops, leaf)) for _ in range(args.repeats + 2)][2:]
        fast_time, loop_time = (median(pair[i][0] for pair in pairs) for i in (0, 1))
        ratio = median(b[0] / a[0] for a, b in pairs)
        gap = abs(float(pairs[0][0][1] - pairs[0][1][1]))
        times = (f"{fast_time * 1e3:.1f}", f"{loop_time * 1e3:.1f}")
        table.add_row(str(number), *times, f"{ratio:.1f}", f"{gap:.1e}")
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
