"""What is wrong with a config file is said by its key."""

import os
import re

import pytest
from mmengine.config import Config

from mmlhl.config_files import LARGEST, read_config, with_bases

MODEL = "model = dict(type='X')\n"


@pytest.mark.parametrize(
    ("imports", "right"),
    [
        ("['mmlhl']", "['mmlhl']"),
        ("'mmlhl'", "['mmlhl']"),
        ("('mmlhl', 'mmseg')", "['mmlhl', 'mmseg']"),
        ("dict(imports=('mmlhl',))", "['mmlhl']"),
        ("dict(imports=['mmlhl', 3])", "['mmlhl']"),
        ("dict(imports=3)", "['my_module']"),
        ("dict(modules=['mmlhl'])", "['my_module']"),
        ("dict(imports=['mmlhl'], allow_failed=True)", "['mmlhl']"),
        ("3", "['my_module']"),
    ],
)
def test_wrong_forms_of_custom_imports(tmp_path, imports, right):
    (tmp_path / "own.py").write_text(f"custom_imports = {imports}")
    message = f"custom_imports must be dict(imports={right}), got "
    with pytest.raises(ValueError, match=re.escape(message)):
        read_config(tmp_path / "own.py")


def test_in_a_config_that_is_data(tmp_path):
    (tmp_path / "own.json").write_text('{"custom_imports": ["mmlhl"]}')
    with pytest.raises(ValueError, match="own.json: .* custom_imports must be dict.*'mmlhl'"):
        read_config(tmp_path / "own.json")


@pytest.mark.parametrize("imports", ["dict(imports='mmlhl')", "dict(imports=['mmlhl'])", "None"])
def test_right_forms_of_custom_imports(tmp_path, imports):
    (tmp_path / "own.py").write_text(f"custom_imports = {imports}\na = 1")
    assert read_config(tmp_path / "own.py").a == 1


def test_an_error_of_an_imported_module_is_its_own(tmp_path, monkeypatch):
    (tmp_path / "module_of_types.py").write_text("raise TypeError('odd')")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own.py").write_text("custom_imports = dict(imports=['module_of_types'])")
    with pytest.raises(ValueError, match="own.py: the config cannot be read: TypeError: odd"):
        read_config(tmp_path / "own.py")


@pytest.mark.parametrize("name", ["own.py", "own.json", "base.py"])
def test_a_file_of_millions_of_values_is_no_config(tmp_path, name):
    (tmp_path / name).write_text("x = [" + "1," * (LARGEST // 2) + "]\n")
    path = tmp_path / name
    if name == "base.py":
        path = tmp_path / "own.py"
        path.write_text(f"_base_ = '{name}'\n{MODEL}")
    with pytest.raises(ValueError, match=rf"{name}: .* has 2.0 MiB, of 2 at most; keep long lists"):
        read_config(path)


def test_a_pipe_is_no_base(tmp_path):
    os.mkfifo(tmp_path / "base.py")
    (tmp_path / "own.py").write_text(f"_base_ = 'base.py'\n{MODEL}")
    with pytest.raises(ValueError, match="base.py is a pipe"):
        read_config(tmp_path / "own.py")


def test_lists_of_models_are_read_once_for_a_base_of_a_package(tmp_path, monkeypatch):
    path = tmp_path / "own.py"
    path.write_text("_base_ = 'mmlhl::lwf/camvid_seg_edge.py'\n")
    found = []
    real = Config._get_cfg_path
    note = staticmethod(lambda *args: found.append(args[0]) or real(*args))
    monkeypatch.setattr(Config, "_get_cfg_path", note)
    for _ in range(3):
        assert len(list(with_bases(str(path)))) > 1
    assert found.count("mmlhl::lwf/camvid_seg_edge.py") == 1


def test_layers_of_an_inherited_config_have_no_scope(tmp_path):
    """mmengine marks what is taken by name from a base by ``mmlhl::``; no layer takes the mark."""
    path = tmp_path / "own.py"
    path.write_text(
        "_base_ = 'mmlhl::_base_/models/deeplabv3plus_r18-small.py'\n"
        "norm = _base_.norm_cfg\n"
        "own = dict(type='FPNHead', norm_cfg=norm, more=[dict(norm_cfg=norm)])\n"
        "decoder = _base_.decoder\n"
    )
    cfg = read_config(path)
    wanted = dict(type="BN", requires_grad=True)
    assert cfg.own.norm_cfg == cfg.own.more[0].norm_cfg == cfg.decoder.norm_cfg == wanted
