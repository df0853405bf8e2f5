"""The configs that are shipped, each read from its files once."""

import copy
import functools
from pathlib import Path

from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / "configs"
LEAVES = sorted(p for p in CONFIGS.glob("**/*.py") if "_base_" not in p.relative_to(CONFIGS).parts)

_read = functools.cache(Config.fromfile)


def load(path):
    """A copy of a file's config, which the caller may change."""
    return copy.deepcopy(_read(str(path)))
