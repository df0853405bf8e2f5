"""Train from a config: a whole sequence of phases, or any other mmseg config."""

import argparse
import os
import sys
from contextlib import nullcontext

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import Runner, find_latest_checkpoint
from mmseg.registry import OPTIM_WRAPPERS, RUNNERS

from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import (
    Parser,
    add_launch,
    add_launcher_arguments,
    add_override_argument,
    config_file,
)
from mmlhl.config_files import need_model
from mmlhl.engine import LifelongRunner
from mmlhl.engine.cpu_distributed import close_distributed, prepare_distributed
from mmlhl.engine.heartbeats import naming_stalled_ranks
from mmlhl.engine.interrupted import stopping_on_ctrl_c
from mmlhl.engine.locking import locked
from mmlhl.engine.lost_workers import naming_lost_workers
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.engine.phases.deriving import FACTS_HOOK, add_hook
from mmlhl.engine.phases.plain_runs import check_plain_run
from mmlhl.engine.phases.plain_trial import rehearse_plain
from mmlhl.engine.phases.runner_choice import check_runner
from mmlhl.engine.phases.trials.build import naming_model
from mmlhl.engine.refused_tests import nothing_left_of_refusals
from mmlhl.orphans import end_with_launcher
from mmlhl.refusals import run_command
from mmlhl.registered import names_class, registered_class


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("config", type=config_file, help="config file")
    parser.add_argument(
        "--work-dir", help="folder for results (default: work_dirs/<folder>/<config>)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue from what is in the work dir, if anything"
    )
    parser.add_argument(
        "--resume-changed",
        action="store_true",
        help="resume although the config of a phase that has begun was edited",
    )
    parser.add_argument(
        "--amp",
        action="store_true",
        help="train with automatic mixed precision (bfloat16 on a CPU)",
    )
    add_override_argument(parser)
    parser.add_argument(
        "--no-report",
        action="store_true",
        help="write no report.html and report.md at the end of a sequence",
    )
    add_trust_argument(parser)
    add_launcher_arguments(parser)
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    """Switch the config's optimizer wrapper to automatic mixed precision.

    Raises:
        ValueError: If the config has a wrapper of another kind.
    """
    if not isinstance(cfg.get("optim_wrapper"), dict):
        return  # refused later, by name
    wrapper = cfg.optim_wrapper.get("type", "OptimWrapper")
    if names_class(OPTIM_WRAPPERS, wrapper, AmpOptimWrapper):
        print_log("--amp: the config trains with mixed precision already")
        return
    if registered_class(OPTIM_WRAPPERS, wrapper) is not OptimWrapper:
        raise ValueError(f"--amp needs optim_wrapper.type='OptimWrapper', the config has {wrapper}")
    cfg.optim_wrapper.type = "AmpOptimWrapper"
    cfg.optim_wrapper.setdefault("loss_scale", "dynamic")


def main() -> None:
    """Read the command line and run."""
    args = parse_args()
    end_with_launcher()
    with checkpoint_trust(args.trust_checkpoint):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Complete the config by the command line, and train."""
    cfg = overridden(args.config, args.cfg_options)
    need_model(cfg, args.config)
    check_runner(cfg)
    check_plain_run(cfg)
    add_launch(cfg, args)
    if args.amp:
        enable_amp(cfg)
    cfg.resume = args.resume or args.resume_changed or cfg.get("resume", False)
    resume_restarted(cfg)
    if args.resume_changed:
        cfg.resume_changed = True

    with stopping_on_ctrl_c(cfg, sys.argv):
        train(cfg, args)


def resume_restarted(cfg: Config) -> None:
    """Resume if ``torchrun --max-restarts`` has started the command again after an error."""
    if cfg.resume or os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") in ("", "0"):
        return
    if "runner_type" in cfg:
        cfg.resume = True
    elif find_latest_checkpoint(cfg.work_dir):  # mmengine's runner would resume from load_from
        cfg.resume, cfg.load_from = True, None


def train(cfg: Config, args: argparse.Namespace) -> None:
    """Train with a complete config, and write a sequence's report."""
    add_hook(cfg, FACTS_HOOK)
    if "runner_type" not in cfg:  # a sequence adds it to its phases
        add_hook(cfg, "FiniteHook")
    if args.launcher != "none":
        add_hook(cfg, "HeartbeatHook")
    prepare_distributed(cfg)
    with nothing_left_of_refusals(cfg.work_dir, cfg.filename), naming_model(cfg):
        runner = RUNNERS.build(cfg) if "runner_type" in cfg else Runner.from_cfg(cfg)
        rehearse_plain(runner)
    locks_itself = isinstance(runner, LifelongRunner) or not is_main_process()
    lock = nullcontext() if locks_itself else locked(cfg.work_dir)
    with lock, naming_stalled_ranks(), naming_lost_workers(runner):
        runner.train()
    if isinstance(runner, LifelongRunner) and not args.no_report:
        from mmlhl.analysis.report import report_after_training  # loads matplotlib

        report_after_training(cfg.work_dir)
    close_distributed()


if __name__ == "__main__":
    run_command(main)
