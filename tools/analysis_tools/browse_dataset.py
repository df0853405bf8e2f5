"""Draw the output of the data pipeline: images with all annotations, as the model gets them.

Examples:
    python tools/analysis_tools/browse_dataset.py configs/had/rooms_seg_depth_normal.py --out seen
    python tools/analysis_tools/browse_dataset.py CONFIG --phase 2 --split train --count 5 --out x
"""

import argparse
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from rich.progress import track

from mmlhl.command_line import Parser, add_override_argument, config_file, count
from mmlhl.engine.phases import parse_phases, phase_config
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.refusals import run_command
from mmlhl.visualization import MultiTaskVisualizer
from mmlhl.visualization.photographs import as_shown


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument(
        "--split", default="train", choices=("train", "val", "test"), help="which loader's dataset"
    )
    parser.add_argument(
        "--phase", type=count, help="show the tasks and images of this phase, from 1 (default: all)"
    )
    parser.add_argument("--count", type=count, default=20, help="number of pictures")
    parser.add_argument("--cell-width", type=count, default=320, help="width of each map in pixels")
    add_override_argument(parser)
    return parser.parse_args(argv)


def dataset_of(cfg: Config, split: str, phase: int | None) -> BaseDataset:
    """Build the dataset of a split, complete or with the tasks and images of a phase.

    Raises:
        ValueError: If there is no such phase or split.
    """
    if phase is not None:
        phases = parse_phases(cfg)
        if not 1 <= phase <= len(phases):
            raise ValueError(f"--phase must be from 1 to {len(phases)}, not {phase}")
        cfg.setdefault("work_dir", "work_dirs/unused")
        cfg = phase_config(cfg, phases, phase - 1)
    loader = cfg.get(f"{split}_dataloader")
    if loader is None:
        raise ValueError(f"the config has no {split}_dataloader")
    return DATASETS.build(loader.dataset)


def main(argv: list[str] | None = None) -> None:
    """Build the dataset and draw its first samples."""
    args = parse_args(argv)
    cfg = overridden(args.config, args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmseg"))
    dataset = dataset_of(cfg, args.split, args.phase)
    visualizer = MultiTaskVisualizer(cell_width=args.cell_width)
    visualizer.dataset_meta = dataset.metainfo
    count = min(args.count, len(dataset))
    for i in track(range(count), description="drawing"):
        item = dataset[i]
        sample = item["data_samples"]
        image = as_shown(item["inputs"].numpy().transpose(1, 2, 0))
        stem = Path(sample.get("img_path", "image")).stem[:50]  # of 255 bytes that a name may have
        path = args.out / f"{i:05d}_{stem}.png"
        visualizer.add_datasample(path.stem, image, sample, draw_pred=False, out_file=str(path))
    print(f"Wrote {count} of {len(dataset)} samples to {args.out}")


if __name__ == "__main__":
    run_command(main)
