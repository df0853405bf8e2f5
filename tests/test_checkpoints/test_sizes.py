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
