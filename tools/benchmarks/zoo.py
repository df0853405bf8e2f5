"""Train, publish and list the models of the zoo; finished models are not trained again.

Example:
    python tools/benchmarks/zoo.py --models rooms_had --out docs/model_zoo.md
"""

import argparse
import json
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.analysis.zoo import ZOO, make, missing_data, page
from mmlhl.command_line import Parser
from mmlhl.files import write_text
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    names = [model.name for model in ZOO]
    parser.add_argument(
        "--models",
        nargs="*",
        default=names,
        choices=names,
        metavar="NAME",
        help=f"models to make: {', '.join(names)} (default: all)",
    )
    parser.add_argument(
        "--work-dir",
        type=Path,
        default=Path("work_dirs/zoo"),
        help="folder for trainings and published files",
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("docs/results/runs/zoo"),
        help="folder for one small record per model, from which the table is made",
    )
    parser.add_argument(
        "--report-only", action="store_true", help="train nothing, write the table only"
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Make the chosen models, and the table of all models."""
    args = parse_args(argv)
    for model in [] if args.report_only else [m for m in ZOO if m.name in args.models]:
        if root := missing_data(model):
            print(f"{model.name}: left out, there is no {root}")
            continue
        facts = make(model, args.work_dir)
        write_text(args.records / f"{model.name}.json", json.dumps(facts, indent=1) + "\n")
        print(f"{model.name}: {args.work_dir / 'published' / facts['file']}")
    known = {file.stem: json.loads(file.read_text()) for file in args.records.glob("*.json")}
    text = page({m.name: known[m.name] for m in ZOO if m.name in known}, "make zoo")
    print(text)
    if args.out:
        write_section(args.out, "zoo", text)


if __name__ == "__main__":
    run_command(main)
