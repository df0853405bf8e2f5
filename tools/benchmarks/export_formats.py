"""Export various networks to all formats, and compare the graphs with the models.

Example:
    python tools/benchmarks/export_formats.py --out docs/export.md
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.export_formats import NETWORKS, export_report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser
from mmlhl.inference.export.exporting import FORMATS
from mmlhl.refusals import run_command


def main(argv: list[str] | None = None) -> None:
    """Export and report."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=NETWORKS,
        default=list(NETWORKS),
        metavar="NAME",
        help="rows of the table, as it names them (default: all)",
    )
    parser.add_argument(
        "--formats",
        nargs="+",
        choices=FORMATS,
        default=list(FORMATS),
        help="formats to export to (default: all)",
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    args = parser.parse_args(argv)
    given = " ".join(sys.argv[1:] if argv is None else argv).split("--out")[0]
    init_default_scope("mmseg")
    torch.set_num_threads(1)
    command = f"python tools/benchmarks/export_formats.py {given}".strip()
    text = export_report(args.networks, args.formats, command)
    print(text)
    if args.out:
        write_section(args.out, "export formats", text)


if __name__ == "__main__":
    run_command(main)
