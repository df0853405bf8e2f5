"""Forged headers of safetensors files, compared with the package ``safetensors``."""

import json
import os
import struct

import pytest

from mmlhl.checkpoints import CheckpointError, read_checkpoint
from mmlhl.inference import load_model

DATA = struct.pack("<4f", 1, 2, 3, 4)


def entry(**changed):
    return {**dict(dtype="F32", shape=[4], data_offsets=[0, 16]), **changed}


def half(begin):
    return entry(shape=[2], data_offsets=[begin, begin + 8])


def literal(numbers):
    return json.dumps(dict(w=entry(data_offsets=["..."]))).replace('"..."', numbers)


#: the header, as text or data, and the reason in the message
REFUSED = dict(
    overlap=(dict(a=entry(), b=entry()), "'b' begins at byte 0"),
    part=(dict(a=half(0), b=half(4), c=half(8)), "'b' begins at byte 4"),
    hole=(dict(a=entry(shape=[1], data_offsets=[0, 4]), b=half(8)), "'b' begins at byte 8"),
    rest=(dict(a=half(0)), "end at byte 8 of 16"),
    reversed=(dict(a=entry(data_offsets=[16, 0])), "begins at byte 16"),
    beyond=(dict(a=entry(shape=[8], data_offsets=[0, 32])), "end at byte 32 of 16"),
    negative=(dict(a=entry(data_offsets=[-16, 0])), "in place of whole numbers"),
    infinite=(literal("0, Infinity"), "in place of whole numbers"),
    huge=(literal("0, 1e400"), "in place of whole numbers"),
    digits=(literal("0, " + "9" * 5000), "not a sound safetensors file"),
    real=(literal("0.0, 16.0"), "in place of whole numbers"),
    text=(literal('"0", "16"'), "in place of whole numbers"),
    true=(dict(a=entry(shape=[True, 4])), "in place of whole numbers"),
    shape=(dict(a=entry(shape=[-2, -2])), "in place of whole numbers"),
    shape_text=(dict(a=entry(shape="4")), "in place of whole numbers"),
    shape_wrong=(dict(a=entry(shape=[5])), r"a tensor of \[5\] F32"),
    three=(dict(a=entry(data_offsets=[0, 16, 3])), "not a sound safetensors file"),
    twice=(f'{{"w": {json.dumps(entry())}, "w": {json.dumps(half(0))}}}', "a name twice"),
    key_twice=('{"w": {"dtype": "F32", "dtype": "I8", "shape": [4]}}', "a name twice"),
    kind=(dict(a=entry(dtype="F128")), "F128"),
    kind_list=(dict(a=entry(dtype=["F32"])), "not a sound safetensors file"),
    no_entry=(dict(a=3), "not a sound safetensors file"),
    no_object=([1], "not a sound safetensors file"),
    meta_list=(dict(__metadata__=[1], a=entry()), "not a sound safetensors file"),
    meta_number=(dict(__metadata__=dict(a=1), a=entry()), "more than text"),
    meta_deep=(dict(__metadata__=dict(a=[["x"]]), a=entry()), "more than text"),
    deep=("[" * 200_000, "not a sound safetensors file"),
    encoding=(json.dumps(dict(a=entry())).encode("utf-16"), "not a sound safetensors file"),
)
ACCEPTED = dict(
    plain=dict(a=entry()),
    two=dict(b=half(8), a=half(0)),
    empty_tensor=dict(a=entry(), b=entry(shape=[0, 3], data_offsets=[16, 16])),
    no_text=dict(__metadata__=None, a=entry()),
    text=dict(__metadata__=dict(format="pt"), a=entry()),
)


def written(path, header, length=None):
    text = header if isinstance(header, (str, bytes)) else json.dumps(header)
    text = text.encode() if isinstance(text, str) else text
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + DATA)
    return str(path)


@pytest.mark.parametrize("name", REFUSED)
def test_forged_headers(tmp_path, name):
    header, reason = REFUSED[name]
    path = written(tmp_path / "x.safetensors", header)
    with pytest.raises(CheckpointError, match=rf"(?s)x\.safetensors.*{reason}") as error:
        read_checkpoint(path)
    assert len(str(error.value)) < 600
    with pytest.raises(CheckpointError, match=r"x\.safetensors"):
        load_model(path)


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 5000, 0, 3])
def test_lengths(tmp_path, length):
    path = written(tmp_path / "x.safetensors", dict(a=entry()), length)
    with pytest.raises(CheckpointError, match=r"x\.safetensors"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ACCEPTED)
def test_sound_headers(tmp_path, name):
    path = written(tmp_path / "x.safetensors", ACCEPTED[name])
    weight = read_checkpoint(path)["state_dict"]["a"]
    assert weight.tolist() == [1, 2, 3, 4][: len(weight)]


def test_the_package_agrees(tmp_path):
    package = pytest.importorskip("safetensors.torch")
    for name, header in ACCEPTED.items():
        package.load_file(written(tmp_path / f"{name}.safetensors", header))
    for name, (header, _) in REFUSED.items():
        with pytest.raises(Exception, match="."):
            package.load_file(written(tmp_path / f"{name}.safetensors", header))


@pytest.mark.parametrize("text", ["{}", json.dumps(dict(a=entry())), ""])
def test_a_file_far_longer_than_its_header_says_is_not_read(tmp_path, text, monkeypatch):
    path = written(tmp_path / "x.safetensors", text)
    os.truncate(path, 2**36)  # more than the memory
    with pytest.raises(CheckpointError, match=r"x\.safetensors"):
        read_checkpoint(path)


def test_a_header_of_a_million_tensors_is_not_read(tmp_path):
    path = written(tmp_path / "x.safetensors", "", 2**24 + 1)
    os.truncate(path, 2**36)
    with pytest.raises(CheckpointError, match="has a header of 16777217 bytes, at most 16777216"):
        read_checkpoint(path)
