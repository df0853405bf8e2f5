"""Running a sequence in a test, and reading its results."""

import copy
import json
import os
import sys
from pathlib import Path

import torch

from mmlhl.engine import LifelongRunner

ROOT = Path(__file__).resolve().parents[3]


def read(work_dir):
    return json.loads((Path(work_dir) / "lifelong.json").read_text())


def weights(work_dir, phase):
    entry = read(work_dir)["phases"][phase]
    return torch.load(Path(work_dir) / entry["checkpoint"])["state_dict"]


def environment(**extra):
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    env = {key: value for key, value in os.environ.items() if key not in names}
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    threads = str(torch.get_num_threads())
    return {
        **env,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": threads,
        "PYTHON": sys.executable,
        **extra,
    }


def train(cfg, **changes):
    """Run a copy of a config to its end."""
    cfg = copy.deepcopy(cfg)
    cfg.update(changes)
    cfg.experiment_name += "_again" if changes.get("resume") else ""
    return LifelongRunner.from_cfg(cfg).train()
