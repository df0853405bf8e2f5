"""What is wrong with a config file is said by its key."""

import re

import pytest

from mmlhl.config_files import read_config


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
