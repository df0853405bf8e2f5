"""Files in the safetensors format, as the format's own package writes them."""

import copy
import json

import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmseg.registry import MODELS

import mmlhl  # noqa: F401
from mmlhl.checkpoints import CheckpointError
from mmlhl.checkpoints.safetensors_files import read_safetensors, write_safetensors
from mmlhl.models.teachers import build_teacher

STATE = {
    "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "b.c": torch.tensor(7),
    "half": torch.tensor([1.5], dtype=torch.bfloat16),
    "none": torch.zeros(0, 4),
    "flags": torch.tensor([True, False]),
}


def test_safetensors_round_trip(tmp_path):
    path = tmp_path / "model.SafeTensors"
    write_safetensors(path, STATE, dict(classes=["a"]))
    loaded = CheckpointLoader.load_checkpoint(str(path))
    assert loaded["meta"] == dict(classes=["a"])
    assert loaded["state_dict"].keys() == STATE.keys()
    for key, value in STATE.items():
        found = loaded["state_dict"][key]
        assert torch.equal(found, value) and found.dtype == value.dtype


def test_files_equal_those_of_the_safetensors_package(tmp_path):
    package = pytest.importorskip("safetensors.torch")
    package.save_file(STATE, tmp_path / "theirs.safetensors")
    found = read_safetensors(tmp_path / "theirs.safetensors")["state_dict"]
    assert all(torch.equal(found[key], value) for key, value in STATE.items())
    write_safetensors(tmp_path / "ours.safetensors", STATE, {})
    found = package.load_file(tmp_path / "ours.safetensors")
    assert all(torch.equal(found[key], value) for key, value in STATE.items())


@pytest.mark.parametrize("kind", ["number", "name", "meta"])
def test_changed_bytes_are_noticed(tmp_path, kind):
    path = tmp_path / "model.safetensors"
    write_safetensors(path, STATE, dict(classes=["cat"]))
    data = bytearray(path.read_bytes())
    at = {"number": len(data) - 2, "name": data.index(b"half"), "meta": data.index(b"cat")}[kind]
    data[at] ^= 0x01
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"model\.safetensors.*checksum differs"):
        CheckpointLoader.load_checkpoint(str(path))


def header(**entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


ENTRY = dict(dtype="F32", shape=[2], data_offsets=[0, 8])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"12345",
        (2**40).to_bytes(8, "little") + b"{}",
        header(a=ENTRY) + b"1234",
        header(a=dict(ENTRY, data_offsets=[-4, 4])) + bytes(8),
        header(a=dict(ENTRY, shape=[-2])) + bytes(8),
        header(a=dict(ENTRY, shape=[2**62, 4])) + bytes(8),
        header(a=dict(ENTRY, dtype="object")) + bytes(8),
        header(a=3),
        header(__metadata__=dict(mmlhl_meta="[")),
        (4).to_bytes(8, "little") + b"[[[[",
        b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
    ],
)
def test_unsound_files_are_named(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bad\.safetensors"):
        CheckpointLoader.load_checkpoint(str(path))


def test_models_backbones_and_teachers_take_them(tmp_path, model_config):
    model = MODELS.build(model_config(tasks=["seg"]))
    path = str(tmp_path / "model.safetensors")
    write_safetensors(path, model.state_dict(), {})
    wanted = model.state_dict()["backbone.conv1.weight"]
    other = MODELS.build(model_config())
    load_checkpoint(other, path)
    assert other.tasks == ["seg"] and torch.equal(other.backbone.conv1.weight, wanted)
    teacher = build_teacher(model_config(), path, ["seg"])
    assert torch.equal(teacher.backbone.conv1.weight, wanted)
    config = copy.deepcopy(model_config()["backbone"])
    config["init_cfg"] = dict(type="Pretrained", checkpoint=path, prefix="backbone.")
    backbone = MODELS.build(config)
    backbone.init_weights()
    assert torch.equal(backbone.conv1.weight, wanted)
