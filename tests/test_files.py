"""Files are written in one atomic step."""

import errno
import os
import resource
import subprocess
import sys
import time

import pytest

from mmlhl.files import (
    atomic_path,
    clean_leftovers,
    explained,
    refuse_special,
    write_bytes,
    write_text,
)


def test_replaces_the_old_file(tmp_path):
    path = tmp_path / "new folder" / "record.json"
    write_text(path, "first ±")
    write_bytes(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "record.json"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
        raise RuntimeError
    assert list(tmp_path.iterdir()) == [path] and path.read_text() == "old"


@pytest.mark.parametrize("sync", [True, False])
def test_file_and_folder_are_synced_before_and_after_the_renaming(tmp_path, monkeypatch, sync):
    order = []
    fsync, replace = os.fsync, os.replace
    kinds = {True: "folder", False: "file"}

    def note_sync(handle):
        order.append(kinds[os.path.isdir(f"/proc/self/fd/{handle}")])
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", lambda *a: (order.append("renamed"), replace(*a)))
    write_text(tmp_path / "a.txt", "text", sync=sync)
    assert order == (["file", "renamed", "folder"] if sync else ["renamed"])


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.ENOSPC, OSError, "No space left on device.*free some space"),
        (errno.EDQUOT, OSError, "free some of the quota"),
        (errno.EROFS, OSError, "Read-only file system.*a folder that can be written"),
        (errno.EACCES, PermissionError, "a folder that can be written"),
    ],
)
def test_full_disk_is_explained(tmp_path, number, kind, remedy):
    path = tmp_path / "record.json"
    write_text(path, "old")
    with pytest.raises(kind, match=f"cannot write .*record.json: .*{remedy}") as caught:
        with atomic_path(path):
            raise OSError(number, "write failed")
    assert caught.value.errno == number
    assert list(tmp_path.iterdir()) == [path] and path.read_text() == "old"
    # where other code writes, and only once
    with pytest.raises(kind, match=f"^.Errno {number}. cannot write .*record.json.*{remedy}"):
        with explained(tmp_path), atomic_path(path):
            raise OSError(number, "write failed")
    with pytest.raises(kind, match=f"cannot write .*{tmp_path.name}: .*{remedy}"):
        with explained(tmp_path):
            raise OSError(number, "write failed")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_failing_disk_is_named_where_it_is_written(tmp_path, number):
    path = tmp_path / "record.json"
    write_text(path, "old")
    with pytest.raises(OSError, match="cannot write .*record.json: .*look after the disk"):
        with explained(tmp_path), atomic_path(path):
            raise OSError(number, "write failed")
    assert list(tmp_path.iterdir()) == [path] and path.read_text() == "old"
    with pytest.raises(OSError, match="read failed"):  # it may be the images' disk
        with explained(tmp_path):
            raise OSError(number, "read failed")


def test_real_file_size_limit_is_explained(tmp_path):
    """The file grows beyond what the process may write."""
    path = tmp_path / "a.pth"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        write_bytes(path, b"x" * 500)
        with pytest.raises(OSError, match=r"cannot write .*a\.pth: File too large"):
            write_bytes(path, b"y" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == b"x" * 500


def test_leftovers_of_dead_processes_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    below = tmp_path / "phase_1_seg"
    below.mkdir()
    gone = [below / f".seg.pth.{dead.pid}.tmp", tmp_path / f".lifelong.json.{os.getpid()}.tmp"]
    kept = [tmp_path / f".a.pth.{os.getppid()}.tmp", tmp_path / "users.tmp", tmp_path / ".b.tmp"]
    for path in gone + kept:
        path.touch()
    assert set(clean_leftovers(tmp_path)) == set(gone)
    assert all(path.exists() for path in kept)
    assert clean_leftovers(tmp_path / "nowhere") == []


def test_temporary_files_of_other_machines_stay_for_a_day(tmp_path):
    """Their processes are not known here, whatever runs here under the same number."""
    fresh, old = (tmp_path / f".{name}.pth.0123abcd-{os.getppid()}.tmp" for name in "ab")
    for path in (fresh, old):
        path.touch()
    os.utime(old, (time.time() - 90000,) * 2)
    assert clean_leftovers(tmp_path) == [old] and fresh.exists()
    assert clean_leftovers(tmp_path, locked=True) == [fresh]


def test_a_killed_process_s_own_temporary_file_is_removed(tmp_path):
    child = os.fork()
    if not child:
        with atomic_path(tmp_path / "seg.pth") as temporary:
            temporary.touch()
            os._exit(0)
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    assert clean_leftovers(tmp_path) == [left]


def test_a_folder_of_the_name_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; name a file"), atomic_path(tmp_path):
        raise AssertionError("nothing is written")


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/proc/self/mem", "pipe", "link"])
def test_what_cannot_be_read_to_an_end_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="is a pipe, a device or the like"):
        refuse_special(tmp_path / name)
    (tmp_path / "empty").touch()
    for fine in ("empty", "missing", "."):
        refuse_special(tmp_path / fine)


@pytest.mark.parametrize("letter", ["a", "\xfc", "\u2192"])
def test_names_as_long_as_a_file_system_allows(tmp_path, letter):
    stem = letter * (250 // len(letter.encode()))
    names = [stem + ending for ending in (".a", ".b")]
    with atomic_path(tmp_path / names[0]) as first, atomic_path(tmp_path / names[1]) as second:
        first.write_text("1")
        second.write_text("2")
        assert first != second
    assert [(tmp_path / name).read_text() for name in names] == ["1", "2"]
    left = tmp_path / f".{first.name[1:].rpartition('.tmp')[0]}.tmp"
    left.touch()
    assert clean_leftovers(tmp_path) == [left]


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=f"{tmp_path}/file is a file, not a folder"):
        write_text(tmp_path / "file" / "a" / "b", "x")


def test_what_cannot_be_written_is_found_before_the_block(monkeypatch, tmp_path):
    """Exporters would say something else; root may write everywhere, so the error is made."""

    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    entered = []
    with pytest.raises(PermissionError, match="choose a folder"), atomic_path(tmp_path / "a"):
        entered.append(1)
    assert not entered and not list(tmp_path.iterdir())
