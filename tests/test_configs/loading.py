"""The shipped configs, each read from its files once."""

import copy
import functools
from pathlib import Path

from mmengine.config import Config

from mmlhl.engine.phases import parse_phases

CONFIGS = Path(__file__).parents[2] / "configs"
LEAVES = sorted(p for p in CONFIGS.glob("**/*.py") if "_base_" not in p.relative_to(CONFIGS).parts)

_read = functools.cache(Config.fromfile)


def load(path):
    """A copy of a file's config, which the caller may change."""
    return copy.deepcopy(_read(str(path)))


@functools.cache
def sequence(path):
    """A file's config with a work directory and its phases, parsed once; no caller changes them."""
    cfg = load(path)
    cfg.work_dir = "work_dir"
    return cfg, parse_phases(cfg)
