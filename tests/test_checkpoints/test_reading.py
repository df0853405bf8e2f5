"""Checkpoints are read as data; those that need more are refused by name."""

import lzma
import os
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmlhl.checkpoints import (
    CheckpointError,
    UntrustedCheckpointError,
    checkpoint_trust,
    read_checkpoint,
    reading,
)

sys.path.insert(0, str(Path(__file__).parent))

import hostile


@pytest.fixture(params=["torch's", "ours, for older torch"])
def restriction(request, monkeypatch):
    """Both ways of reading under the restriction."""
    if request.param != "torch's":
        monkeypatch.setattr(reading, "torch_version", lambda: (2, 3))
    elif reading.torch_version() < reading.RESTRICTED_SINCE:
        pytest.skip("torch before 2.6")


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_nothing_of_a_hostile_file_runs(restriction, tmp_path, kind):
    marker, path = tmp_path / "marker", tmp_path / "hostile.pth"
    hostile.KINDS[kind](path, marker)
    with pytest.raises(CheckpointError) as error:
        CheckpointLoader.load_checkpoint(str(path), "cpu")
    assert not marker.exists()
    assert "hostile.pth" in str(error.value)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("zipped", "system"), ("legacy", "system"), ("evaluated", "eval")],
)
def test_the_refusal_says_file_global_and_flag(restriction, tmp_path, kind, wanted):
    path = tmp_path / "hostile.pth"
    hostile.KINDS[kind](path, tmp_path / "marker")
    with pytest.raises(UntrustedCheckpointError) as error:
        read_checkpoint(path)
    for part in (str(path), wanted, "--trust-checkpoint"):
        assert part in str(error.value)


def test_trust_holds_within_its_context_only(tmp_path):
    path, marker = tmp_path / "own.pth", tmp_path / "marker"
    hostile.zipped(path, marker)
    with checkpoint_trust(True):
        assert read_checkpoint(path)["state_dict"]["weight"] == 1
        with checkpoint_trust(False):  # a child command of a trusted run
            read_checkpoint(path)
    assert marker.exists()
    with pytest.raises(UntrustedCheckpointError):
        read_checkpoint(path)


def test_commands_restrict_other_loaders_as_well(tmp_path, monkeypatch):
    path, marker = tmp_path / "own.pth", tmp_path / "marker"
    hostile.zipped(path, marker)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with checkpoint_trust(False), pytest.raises(Exception, match="system"):
        torch.load(path, weights_only=False)  # like a backbone with its own loader
    assert not marker.exists()


def test_checkpoint_of_mmengine_is_read_completely(restriction, tmp_path):
    buffer = HistoryBuffer()
    for value in (1.0, 3.0):
        buffer.update(value)
    stored = dict(
        buffer=buffer,
        score=np.float64(0.25),
        flags=np.array([True, False]),
        big=np.array([[1, 2]], dtype=">i4"),
        names=np.array(["a", "bc"]),
    )
    torch.save(dict(state_dict={}, meta=stored), tmp_path / "own.pth")
    meta = read_checkpoint(tmp_path / "own.pth")["meta"]
    assert meta["buffer"].mean() == 2 and meta["score"] == 0.25
    assert meta["flags"].tolist() == [True, False] and meta["big"].tolist() == [[1, 2]]
    assert meta["names"].tolist() == ["a", "bc"]
    torch.save(meta, tmp_path / "again.pth")  # as a resumed run does: plain numpy once more
    assert b"mmlhl" not in (tmp_path / "again.pth").read_bytes()


@pytest.mark.parametrize("size", [0, 10, 500])
def test_a_file_that_is_cut_short(tmp_path, size, monkeypatch):
    monkeypatch.delattr(torch, "OutOfMemoryError", raising=False)  # torch before 2.5
    path = tmp_path / "half.pth"
    torch.save(dict(state_dict=dict(weight=torch.ones(1000))), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match="half.pth is not a checkpoint, or is cut short"):
        read_checkpoint(path)


def test_image_is_refused_without_advice_to_trust_it(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100))
    with pytest.raises(CheckpointError, match="photo.jpg is not a checkpoint") as raised:
        read_checkpoint(path)
    assert "trust" not in str(raised.value)


OTHERS = {
    "script.pt": (lambda path: hostile.script(path, None), "TorchScript archive, which is code"),
    "program.pt2": (lambda path: zip_of(path, "a/archive_format"), "a program of torch.export"),
    "arrays.npz": (lambda path: np.savez(path, a=np.ones(2)), "its archive has no data.pkl"),
    "model.onnx": (lambda path: path.write_bytes(b"\x08\x08\x12\x07pytorch"), "exported from"),
    "model.xz": (lambda path: path.write_bytes(lzma.compress(bytes(9999))), "wrote no such file"),
    "zeros.pth": (lambda path: os.truncate(path.touch() or path, 2**36), "wrote no such file"),
    "old.pth": (lambda path: hostile.tar(path, path), "torch before 0.1.10"),
}


def zip_of(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_other_kinds_are_named_at_once(tmp_path, name, monkeypatch):
    write, what = OTHERS[name]
    write(tmp_path / name)
    monkeypatch.setattr(torch, "load", None)  # nothing of them is read
    with pytest.raises(CheckpointError, match=f"{name} is not a checkpoint: .*{what}") as raised:
        read_checkpoint(tmp_path / name)
    assert "trust" not in str(raised.value)


def test_no_checkpoints(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        read_checkpoint(tmp_path / "nowhere.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match=r"list.pth holds a list"):
        read_checkpoint(tmp_path / "list.pth")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (dict(state_dict=None), "state_dict is a NoneType"),
        (dict(state_dict=[1]), "state_dict is a list"),
        (dict(state_dict={}, meta="x"), "meta is a str"),
        (dict(state_dict={}, meta=[1]), "meta is a list"),
        (dict(state_dict={}, meta=dict(dataset_meta=3)), "meta.dataset_meta is a int"),
        (dict(state_dict={}, message_hub=[1]), "message_hub is a list"),
    ],
)
def test_checkpoint_parts_that_are_not_dicts_are_refused(tmp_path, content, what):
    torch.save(content, tmp_path / "forged.pth")
    with pytest.raises(CheckpointError, match=f"forged.pth is not a checkpoint: its {what}"):
        read_checkpoint(tmp_path / "forged.pth")
    torch.save(dict(state_dict={}, meta=None, message_hub=None), tmp_path / "forged.pth")
    assert read_checkpoint(tmp_path / "forged.pth")["meta"] is None


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/some/hostile.pth",
        "torchvision://resnet18",
        "open-mmlab://resnet18_v1c",
        "mmcls://resnet18",
    ],
)
def test_addresses(tmp_path, monkeypatch, address):
    """Downloads, and the lists of names that lead to them."""
    if address.startswith("torchvision"):
        pytest.importorskip("torchvision")
    hostile.zipped(tmp_path / "hostile.pth", tmp_path / "marker")
    fetched = []

    def download(url, path, **_):
        fetched.append(url)
        shutil.copy(tmp_path / "hostile.pth", path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    with pytest.raises(UntrustedCheckpointError, match="system"):
        CheckpointLoader.load_checkpoint(address, "cpu")
    assert len(fetched) == 1 and fetched[0].startswith("http")
    assert not (tmp_path / "marker").exists()
    with pytest.raises(ValueError, match="download the file"):
        CheckpointLoader.load_checkpoint("pavi://model", "cpu")


def test_files_of_one_name_at_two_addresses_are_two(tmp_path, monkeypatch):
    """torch caches both under their name, and would give the first for the second."""
    addresses = [f"https://example.org/{task}/best.pth" for task in ("seg", "depth")]
    addresses.append("https://example.org/seg/best.pth?version=2")
    fetched = []

    def download(url, path, **_):
        fetched.append(url)
        torch.save(dict(state_dict={}, meta=dict(source=url)), path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for _ in range(2):
        for address in addresses:
            loaded = CheckpointLoader.load_checkpoint(address, "cpu")
            assert loaded["meta"]["source"] == address
    assert fetched == addresses  # each once

    # a file that torch, or the user, has put there before
    cached = tmp_path / "hub" / "checkpoints" / "resnet.pth"
    torch.save(dict(state_dict={}, meta=dict(source="torch")), cached)
    loaded = CheckpointLoader.load_checkpoint("https://example.org/resnet.pth", "cpu")
    assert loaded["meta"]["source"] == "torch" and fetched == addresses


def test_the_hostile_files_are_hostile(tmp_path):
    """Without the restriction they run, so that the tests above can fail."""
    for kind in ("zipped", "legacy", "plain_pickle", "evaluated"):
        path, marker = tmp_path / f"{kind}.pth", tmp_path / kind
        hostile.KINDS[kind](path, marker)
        if kind == "plain_pickle":
            import pickle

            pickle.loads(path.read_bytes())
        else:
            torch.load(path, weights_only=False)
        assert marker.exists(), kind
