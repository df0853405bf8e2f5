"""Test a checkpoint: the metrics of every task that it has learned."""

import argparse

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from mmlhl.checkpoints import add_trust_argument, checkpoint_trust, read_checkpoint
from mmlhl.command_line import (
    Parser,
    add_launch,
    add_launcher_arguments,
    add_override_argument,
    amount,
    config_file,
)
from mmlhl.config_files import need_model
from mmlhl.datasets.augmented_tests import check_view_sizes
from mmlhl.engine.cpu_distributed import close_distributed, prepare_distributed
from mmlhl.engine.heartbeats import naming_stalled_ranks
from mmlhl.engine.lost_workers import naming_lost_workers
from mmlhl.engine.phases.checking.scopes import SCOPE
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.engine.phases.deriving import FACTS_HOOK, add_hook
from mmlhl.engine.refused_tests import nothing_left_of_refusals
from mmlhl.engine.test_options import draw_predictions, need_test, use_views, write_predictions
from mmlhl.orphans import end_with_launcher
from mmlhl.refusals import run_command


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config file")
    parser.add_argument("checkpoint", help="checkpoint file of a phase, or published")
    parser.add_argument(
        "--work-dir",
        help="folder for the log and the metrics as JSON (default: work_dirs/<folder>/<config>)",
    )
    parser.add_argument(
        "--out", help="folder for the predictions as files, with one folder per task"
    )
    parser.add_argument("--show", action="store_true", help="show predictions in a window")
    parser.add_argument(
        "--show-dir", help="folder for drawn predictions, in vis_data/vis_image below it"
    )
    parser.add_argument(
        "--wait-time", type=amount, default=2, help="seconds that --show shows each"
    )
    parser.add_argument("--tta", action="store_true", help="test with the views of tta_pipeline")
    add_override_argument(parser)
    add_trust_argument(parser)
    add_launcher_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Read the command line and run."""
    args = parse_args()
    end_with_launcher()
    with checkpoint_trust(args.trust_checkpoint):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Build the config's runner and test the checkpoint."""
    cfg = overridden(args.config, args.cfg_options)
    need_model(cfg, args.config)
    need_test(cfg, args.config)
    add_launch(cfg, args)
    if "://" not in args.checkpoint:  # report errors before anything is built or written
        read_checkpoint(args.checkpoint)
    cfg.load_from = args.checkpoint
    cfg.resume = False  # of training, as in the config that a resumed phase has written

    if args.show or args.show_dir:
        draw_predictions(cfg, args.show_dir, args.wait_time if args.show else None)
    datasets = use_views(cfg) if args.tta else []
    if args.out is not None:
        write_predictions(cfg, args.out)

    add_hook(cfg, FACTS_HOOK)
    prepare_distributed(cfg)
    with nothing_left_of_refusals(cfg.work_dir, cfg.filename):
        runner = RUNNERS.build(cfg) if "runner_type" in cfg else Runner.from_cfg(cfg)
        for dataset in datasets:
            check_view_sizes(dataset, cfg.tta_pipeline, cfg.get("default_scope") or SCOPE)
        with naming_stalled_ranks(), naming_lost_workers(runner):
            runner.test()
    close_distributed()


if __name__ == "__main__":
    run_command(main)
