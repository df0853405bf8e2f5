"""Package versions in a record."""

import torch

from mmlhl import __version__
from mmlhl.engine import environment as module
from mmlhl.engine.environment import checkout_commit, environment, machine


def test_versions_are_plain_text():
    found = environment()
    assert found["mmlhl"] == __version__
    assert found["torch"] == torch.__version__
    assert all(type(value) is str for value in found.values())
    assert {"python", "mmengine", "mmcv", "mmseg", "device"} <= set(found)


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert checkout_commit(tmp_path) is None
    (tmp_path / ".git").mkdir()  # broken: git finds no commit in it
    assert checkout_commit(tmp_path) is None


def test_failure_to_collect_the_environment_is_recorded(monkeypatch):
    def without_distutils():
        raise ModuleNotFoundError("No module named 'distutils'")

    assert "PyTorch" in machine() and machine()["mmlhl"] == __version__
    monkeypatch.setattr(module, "collect_env", without_distutils)
    found = machine()
    assert found["not collected"] == "ModuleNotFoundError: No module named 'distutils'"
    assert found["mmlhl"] == __version__
