"""Configs in YAML are data."""

import mmengine
import pytest
import yaml
from mmengine.config import Config

from mmlhl.config_files import read_config

CALLS = [
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/new:subprocess.Popen [[touch, {marker}]]",
    "!!python/object/apply:builtins.open ['{marker}', 'w']",
    "!!python/object:argparse.Namespace {{x: 1}}",
    "!!python/name:os.system",
    "!!python/module:os",
    "[1, !!python/object/apply:eval [\"open('{marker}', 'w')\"]]",
]


@pytest.mark.parametrize("ending", ["yaml", "yml"])
@pytest.mark.parametrize("call", CALLS)
def test_tags_call_nothing(tmp_path, call, ending):
    marker, file = tmp_path / "marker", tmp_path / f"config.{ending}"
    file.write_text(f"model: 1\nb: {call.format(marker=marker)}\n")
    readers = (read_config, Config.fromfile, mmengine.load)
    readers += (lambda path: Config.fromstring(file.read_text(), f".{ending}"),)
    for read in readers:
        with pytest.raises(ValueError, match=r"line 2 asks for Python's '.*was not run"):
            read(str(file))
    with pytest.raises(ValueError, match=f"config.{ending}: the config cannot be read"):
        read_config(file)
    base = tmp_path / "leaf.py"
    base.write_text(f"_base_ = 'config.{ending}'\n")
    with pytest.raises(ValueError, match="was not run"):
        read_config(base)
    assert not marker.exists()


def test_these_files_are_hostile(tmp_path):
    marker = tmp_path / "marker"
    yaml.load(CALLS[2].format(marker=marker), yaml.UnsafeLoader)
    assert marker.exists()


def test_a_config_comes_back_from_yaml(tmp_path):
    content = dict(a=(1, 2.5), b=[True, None, "x"], c=dict(d=(("e", -1),), f=1e-3), g=float("inf"))
    Config(content).dump(str(tmp_path / "config.yaml"))
    found = read_config(tmp_path / "config.yaml")
    assert dict(found.to_dict()) == content and isinstance(found.a, tuple)
