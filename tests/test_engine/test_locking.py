"""Only one command runs in a work dir; a killed one leaves no lock."""

import multiprocessing
import os
import signal
import time

import pytest

from mmlhl.engine import LifelongRunner, locking
from mmlhl.engine.locking import LOCK, WorkDirInUse, locked


def hold(folder, ready):
    with locked(folder):
        ready.set()
        time.sleep(60)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(20)
    yield process
    process.kill()
    process.join()


def test_the_second_is_refused_and_names_the_first(tmp_path, holder):
    with pytest.raises(WorkDirInUse, match=rf"{tmp_path} is in use by process {holder.pid} on"):
        with locked(tmp_path):
            pass


def test_a_killed_process_leaves_no_lock(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK).read_text()
    with locked(tmp_path):  # released with the block
        pass


def test_released_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_missing_support_for_locks_is_ignored(tmp_path, monkeypatch):
    import fcntl

    def unsupported(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with locked(tmp_path):
        pass


def test_a_sequence_is_refused_before_it_touches_anything(tmp_path, holder, sequence_config):
    cfg = sequence_config(tmp_path)
    with pytest.raises(WorkDirInUse):
        LifelongRunner(cfg).train()
    assert sorted(os.listdir(tmp_path)) == [LOCK]


def test_removed_lock_file_is_not_a_lock(tmp_path, monkeypatch):
    """It was opened before the other removed it: another command may hold the new file."""
    taken = locking._take
    monkeypatch.setattr(locking, "_take", lambda fd, path: taken(fd, path) and not path.unlink())
    with pytest.raises(WorkDirInUse), locked(tmp_path):
        pass


def test_a_work_dir_that_cannot_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in ("file", "file/below", "link"):
        with pytest.raises(NotADirectoryError, match=rf"{name} cannot be a folder"):
            with locked(tmp_path / name):
                pass


@pytest.mark.parametrize(
    "name", [".lock", "sequence.log", "vis_data/scalars.json", "phase_1_seg/2026/2026.log"]
)
@pytest.mark.parametrize("there", [True, False])
def test_links_that_would_be_written_through(tmp_path, name, there):
    """Another person's folder could name any file of this machine."""
    precious, path = tmp_path / "precious", tmp_path / "work" / name
    if there:
        precious.write_text("kept")
    path.parent.mkdir(parents=True)
    path.symlink_to(precious)
    with pytest.raises(ValueError, match=f"{path.name} is a link to .*precious"):
        with locked(tmp_path / "work"):
            pass
    assert precious.exists() == there and (not there or precious.read_text() == "kept")
    path.unlink()
    (path.parent / "model.pth").symlink_to(precious)  # replaced, never written to
    with locked(tmp_path / "work"):
        pass


@pytest.mark.parametrize(
    "name",
    ["lifelong.json", "phase_1_seg/epoch_2.pth", "phase_1_seg/resumable.json", "phase_1_seg/.lock"],
)
def test_folders_where_files_are_written(tmp_path, name):
    (tmp_path / "mine" / "older" / "phase_1_seg" / "a.pth").mkdir(parents=True)
    (tmp_path / "phase_1_seg" / "pth").mkdir(parents=True)
    with locked(tmp_path):
        pass
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=f"{name} is a folder, where a file is written: move it"):
        with locked(tmp_path):
            pass


@pytest.mark.parametrize("name", ["last_checkpoint", ".training", "iter_2.pth", "vis_data/a.json"])
def test_pipes_that_would_be_read_for_ever(tmp_path, name):
    path = tmp_path / "phase_1_seg" / name
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(ValueError, match=f"{path.name} is no plain file: remove it"):
        with locked(tmp_path):
            pass


def test_locks_that_are_no_files(tmp_path):
    for make in (os.mkfifo, os.mkdir):
        make(tmp_path / ".lock")
        with pytest.raises((ValueError, IsADirectoryError), match=r"\.lock"), locked(tmp_path):
            pass
        (tmp_path / ".lock").rmdir() if make is os.mkdir else (tmp_path / ".lock").unlink()
