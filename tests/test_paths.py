"""The prefix of shipped configs."""

import pytest
from mmengine.config import Config

from mmlhl import paths
from mmlhl.paths import register_config_prefix


def test_the_prefix_in_a_checkout_that_is_not_installed(tmp_path, monkeypatch):
    shipped = tmp_path / "configs" / "had" / "x.py"
    shipped.parent.mkdir(parents=True)
    shipped.write_text("a = 1\n_base_ = '../base.py'\n")
    (tmp_path / "configs" / "base.py").write_text("b = 2\n")
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "mmlhl" / "paths.py"))
    monkeypatch.setattr(Config, "_get_cfg_path", Config._get_cfg_path)  # put back afterwards
    register_config_prefix()
    register_config_prefix()
    mine = tmp_path / "mine.py"
    mine.write_text("_base_ = ['mmlhl::had/x.py', 'other.py']\nc = 3\n")
    (tmp_path / "other.py").write_text("d = 4\n")
    assert dict(Config.fromfile(mine)) == dict(a=1, b=2, c=3, d=4)
    mine.write_text("_base_ = 'mmlhl::had/y.py'\n")
    with pytest.raises(FileNotFoundError, match="mmlhl ships no config 'had/y.py'"):
        Config.fromfile(mine)
