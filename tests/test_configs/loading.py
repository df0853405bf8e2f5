"""The shipped configs, each read from its files once, and what they inherit once for all."""

import copy
import functools
from pathlib import Path
from unittest import mock

from mmengine.config import Config

from mmlhl.engine.phases import parse_phases

CONFIGS = Path(__file__).parents[2] / "configs"
LEAVES = sorted(p for p in CONFIGS.glob("**/*.py") if "_base_" not in p.relative_to(CONFIGS).parts)

_read_file, _files = Config._file2dict, {}


def _read_once(filename, *args, **kwargs):
    """What mmengine reads of one file and all that it inherits; the caller changes the result."""
    if filename not in _files:
        _files[filename] = _read_file(filename, *args, **kwargs)
    return copy.deepcopy(_files[filename])


@functools.cache
def _read(path):
    with mock.patch.object(Config, "_file2dict", _read_once):
        return Config.fromfile(path)


def load(path):
    """A copy of a file's config, which the caller may change."""
    return copy.deepcopy(_read(str(path)))


@functools.cache
def sequence(path):
    """A file's config with a work directory and its phases, parsed once; no caller changes them."""
    cfg = load(path)
    cfg.work_dir = "work_dir"
    return cfg, parse_phases(cfg)
