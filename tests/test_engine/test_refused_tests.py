"""A test that is refused leaves no folder, any other error leaves its log."""

import logging
import runpy
import sys
from pathlib import Path

import pytest
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer

from mmlhl.engine.locking import locked
from mmlhl.engine.refused_tests import nothing_left_of_refusals

TOOL = Path(__file__).resolve().parents[2] / "tools" / "test.py"
TIME = "20260101_010101"


def refuse():
    raise ValueError("so not")


def begin(folder, error):
    """The first actions of mmengine's runner."""
    (folder / TIME).mkdir(parents=True)
    MMLogger.get_instance(str(folder), log_file=str(folder / TIME / "a.log")).warning("begins")
    error()


def test_refusal_leaves_the_work_dir_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr("mmlhl.engine.refused_tests.is_refusal", lambda e: type(e) is ValueError)
    deep = tmp_path / "a" / "b"
    with pytest.raises(ValueError, match="so not"), nothing_left_of_refusals(deep):
        begin(deep, refuse)
    assert not (tmp_path / "a").exists()
    deep.mkdir(parents=True)
    (deep / "mine").write_text("kept")
    with pytest.raises(ValueError), nothing_left_of_refusals(deep):
        begin(deep, refuse)
    assert [each.name for each in deep.iterdir()] == ["mine"]
    with pytest.raises(ValueError), nothing_left_of_refusals(deep, "configs/c.json"):
        for name in ("c.json", "epoch_1.pth", "lifelong.json"):
            (deep / name).touch()  # the last two by a training that runs in the same folder
        begin(deep, refuse)
    assert {each.name for each in deep.iterdir()} == {"mine", "epoch_1.pth", "lifelong.json"}
    open_files = [h for h in logging.getLogger(str(deep)).handlers if hasattr(h, "baseFilename")]
    assert not open_files and str(deep) not in MMLogger._instance_dict
    with pytest.raises(ZeroDivisionError), nothing_left_of_refusals(deep):
        begin(deep, lambda: 1 / 0)
    assert (deep / TIME / "a.log").exists()
    with pytest.raises(NotADirectoryError, match="mine is a file"):
        with nothing_left_of_refusals(deep / "mine"):
            pass


def test_missing_dataset_or_blocked_folder(trained, tmp_path, monkeypatch):
    cfg = trained[0]
    cfg.dump(tmp_path / "config.py")
    checkpoint = Path(cfg.work_dir) / "phase_3_normal" / "normal.pth"
    change = "test_dataloader.dataset.data_root=no/such/place"
    work_dir = ["--work-dir", str(tmp_path / "deep" / "run")]
    line = [str(tmp_path / "config.py"), str(checkpoint), *work_dir, "--cfg-options", change]
    monkeypatch.setattr(sys, "argv", [str(TOOL), *line])
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(SystemExit, match="'no/such/place/val/image' does not exist"):
        runpy.run_path(str(TOOL), run_name="__main__")
    assert [each.name for each in tmp_path.iterdir()] == ["config.py"]


def test_a_lock_alone_is_no_work_dir(tmp_path):
    with pytest.raises(ValueError), locked(tmp_path / "a" / "b"):
        refuse()
    assert not (tmp_path / "a").exists()
    with locked(tmp_path / "c"):
        (tmp_path / "c" / "log").write_text("begun")
    assert sorted(each.name for each in (tmp_path / "c").iterdir()) == [".lock", "log"]
    with pytest.raises(ValueError), locked(tmp_path / "c"):
        refuse()
    assert (tmp_path / "c" / ".lock").exists()


def test_a_refusal_leaves_no_visualizer_that_writes_there(tmp_path, monkeypatch):
    monkeypatch.setattr("mmlhl.engine.refused_tests.is_refusal", lambda e: type(e) is ValueError)
    with pytest.raises(ValueError), nothing_left_of_refusals(tmp_path / "run"):
        Visualizer.get_instance("of a refused test", save_dir=str(tmp_path / "run"))
        refuse()
    assert "of a refused test" not in Visualizer._instance_dict
