"""Files that claim to hold far more than they do."""

import zipfile

import pytest
import torch

from mmlhl.checkpoints import CheckpointError, PoisonedCheckpointError, read_checkpoint
from mmlhl.checkpoints.sizes import tensor_size_problem

NAN = float("nan")


def test_archives_that_would_fill_the_memory(tmp_path):
    plain, bomb = tmp_path / "plain.pth", tmp_path / "bomb.pth"
    torch.save(dict(state_dict=dict(a=torch.zeros(4))), plain)
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        for info in given.infolist():
            made.writestr(info.filename, given.read(info.filename))
        made.writestr("plain/data/9", bytes(2**26 + 2**24), compresslevel=1)
    with pytest.raises(CheckpointError, match=r"bomb.pth is not a checkpoint: it would unpack"):
        read_checkpoint(bomb)
    assert read_checkpoint(plain)["state_dict"]["a"].tolist() == [0] * 4


@pytest.mark.parametrize(
    "content, place",
    [
        (dict(state_dict=dict(a=torch.zeros(1).expand(10**6, 10**6))), "state_dict.a"),
        (dict(lifelong_method=dict(items=[torch.zeros(1).expand(2**27)])), "lifelong_method.items"),
        (dict(optimizer=(torch.zeros(2, 1).expand(2, 2**30),)), "optimizer[0]"),
    ],
)
def test_tensors_that_would_fill_the_memory(tmp_path, content, place):
    torch.save(content, tmp_path / "huge.pth")
    with pytest.raises(CheckpointError, match="huge.pth is damaged") as error:
        read_checkpoint(tmp_path / "huge.pth")
    assert place in str(error.value)


def test_views_and_recursion():
    endless = []
    endless.append(endless)
    assert tensor_size_problem([torch.arange(5).expand(3, 5), torch.ones(3, 4).T, endless]) is None


@pytest.mark.parametrize(
    "weight", [torch.tensor(complex(NAN, 0)), torch.tensor([1, NAN]).to(torch.float8_e5m2)]
)
def test_nan_in_other_types(tmp_path, weight):
    torch.save(dict(state_dict=dict(a=weight)), tmp_path / "nan.pth")
    with pytest.raises(PoisonedCheckpointError, match="nan.pth"):
        read_checkpoint(tmp_path / "nan.pth")


def doubled(value, times=40):
    for _ in range(times):
        value = [value, (value,)] if times % 2 else dict(a=value, b=value)
    return value


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = dict(a=1)
    value["b"] = [value]
    return value


@pytest.mark.parametrize("part", ["meta", "message_hub", "lifelong_method", "optimizer"])
@pytest.mark.parametrize(
    "value, what",
    [
        (doubled(1), r"\d{13} values"),
        (doubled(dict(x=0), 39), r"\d{12,} values"),
        (nested(240), "nested 24. deep"),
        (endless(), "is in itself"),
    ],
)
def test_parts_that_would_never_end_when_copied(tmp_path, part, value, what):
    torch.save({"state_dict": {}, part: dict(dataset_meta=dict(x=value))}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=rf"a.pth is damaged: its {part!r} holds .*{what}"):
        read_checkpoint(tmp_path / "a.pth")


def test_parts_that_are_shared_or_long_are_read(tmp_path):
    shared = dict(a=[1, 2])
    parts = dict(meta=dict(dataset_meta={}, x=[shared] * 3, y=nested(90)), log=list(range(10**4)))
    torch.save(dict(state_dict={}, **parts), tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth")["log"] == list(range(10**4))
