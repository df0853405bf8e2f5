"""Parts that no training writes: they would crash, be used as random weights, or break memory."""

import collections

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmlhl.checkpoints import CheckpointError, read_checkpoint
from mmlhl.checkpoints.forged import bad_weight, shadowed_method, unusual_tensor
from mmlhl.engine.checkpoint_files import damage
from mmlhl.models.teachers import load_exactly

ONES = torch.ones(2, 2)


def wild_sparse():
    """A sparse tensor whose index is far beyond its columns; torch stores and reads it."""
    parts = (torch.tensor([0, 1]), torch.tensor([2**40]), torch.ones(1))
    return torch.sparse_csr_tensor(*parts, (1, 3), check_invariants=False)


LAYOUTS = dict(
    coo=lambda: ONES.to_sparse(),
    csr=lambda: ONES.to_sparse_csr(),
    csc=lambda: ONES.to_sparse_csc(),
    bsr=lambda: ONES.to_sparse_bsr((1, 1)),
    wild=wild_sparse,
    nested=lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    meta=lambda: ONES.to("meta"),
    quantised=lambda: torch.quantize_per_tensor(ONES, 0.1, 0, torch.qint8),
    channels=lambda: torch.quantize_per_channel(
        ONES, torch.ones(2), torch.zeros(2), 0, torch.quint8
    ),
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", ["state_dict", "ema_state_dict", "optimizer", "lifelong_method"])
def test_tensors_that_are_no_plain_numbers(tmp_path, monkeypatch, layout, place):
    monkeypatch.setattr(torch.Tensor, "to_dense", None)  # where wild indices are used
    content = dict(state_dict=dict(w=ONES), meta={})
    content.setdefault(place, {})["a.b"] = LAYOUTS[layout]()
    torch.save(content, tmp_path / "x.pth")
    ours = rf"x\.pth is damaged: {place}\.a\.b is a tensor"
    with pytest.raises(CheckpointError, match=f"{ours}|col_indices < ncols"):  # by older torch
        read_checkpoint(tmp_path / "x.pth")


def with_attribute(container, **attributes):
    container.__dict__.update(attributes)
    return container


CONTAINERS = [
    with_attribute(collections.OrderedDict(a=1), items=3),
    with_attribute(collections.OrderedDict(), get="x", keys=None),
    with_attribute(ConfigDict(a=1), copy=3),
    with_attribute(HistoryBuffer([1.0], [1]), min=2.0),
    [dict(deep=(with_attribute(collections.OrderedDict(), values=()),))],
]


@pytest.mark.parametrize("container", CONTAINERS, ids=range(len(CONTAINERS)))
def test_attributes_in_place_of_methods(container):
    found = shadowed_method(dict(meta=container))
    assert found is not None and "in place of its method" in found


def test_attributes_in_place_of_methods_are_refused(tmp_path):
    state = with_attribute(collections.OrderedDict(w=ONES), keys=3)
    torch.save(dict(state_dict=state), tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=r"x\.pth is damaged: the OrderedDict in it has an"):
        read_checkpoint(tmp_path / "x.pth")


def test_what_training_writes_has_none_of_it():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    endless: list = []
    endless.append(endless)
    content = dict(
        state_dict=model.state_dict(),
        optimizer=optimizer.state_dict(),
        message_hub=dict(log_scalars=dict(loss=HistoryBuffer([1.0], [1]))),
        meta=ConfigDict(cfg="x = 1"),
        endless=endless,
    )
    assert shadowed_method(content) is unusual_tensor(content) is None
    assert bad_weight(content["state_dict"]) is None
    assert bad_weight({"head._extra_state": dict(any=1), "w": ONES}) is None


@pytest.mark.parametrize(
    "state, named",
    [
        ({3: ONES}, "3, which is no text"),
        ({None: ONES}, "None, which is no text"),
        ({"a\x1b[2J": ONES}, r"a\\x1b\[2J"),
        ({"a\n": ONES}, "no name of a weight"),
        ({"\ud800": ONES}, "no name of a weight"),
        ({"a" * 2000: ONES}, "no name of a weight"),
        ({"a": "text"}, "state_dict.a is a str, not a tensor"),
        ({"a": None}, "state_dict.a is a NoneType"),
        ({"a": [1.0]}, "state_dict.a is a list"),
        ({"a": np.ones(2)}, "not a tensor"),
        ({"a": {}}, "state_dict.a is a dict"),
        (with_attribute(collections.OrderedDict(a=ONES), _metadata=3), "_metadata"),
        (with_attribute(collections.OrderedDict(a=ONES), _metadata={"": 3}), "_metadata"),
        (
            with_attribute(collections.OrderedDict(a=ONES), _metadata={"": {"version": "2"}}),
            "_metadata",
        ),
    ],
    ids=range(14),
)
def test_weights_that_are_none(tmp_path, state, named):
    torch.save(dict(state_dict=state), tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=rf"x\.pth is damaged: .*{named}"):
        read_checkpoint(tmp_path / "x.pth")


@pytest.mark.parametrize(
    "value, why",
    [
        (torch.ones(2, 2, dtype=torch.bool), "torch.bool in the checkpoint"),
        (torch.ones(2, 2, dtype=torch.int8), "torch.int8 in the checkpoint"),
        (torch.ones(2, 2, dtype=torch.complex64), "torch.complex64 in the checkpoint"),
        ("text", "a str in the checkpoint, not a tensor"),
    ],
)
def test_numbers_of_another_kind(value, why):
    model = torch.nn.Linear(2, 2, bias=False)
    with pytest.raises(ValueError, match=f"no: weight: {why}"):
        load_exactly(model, dict(weight=value), "no")
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        load_exactly(model, dict(weight=ONES.to(kind)), "no")


def test_memory_that_is_lacking(tmp_path, monkeypatch):
    """It says nothing about the file: a resumed training does not take an older one."""
    torch.save(dict(state_dict=dict(w=ONES)), tmp_path / "x.pth")

    def lacking(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(torch, "load", lacking)
    with pytest.raises(CheckpointError, match=r"x\.pth needs more memory than there is"):
        read_checkpoint(tmp_path / "x.pth")
    with pytest.raises(MemoryError):
        damage(str(tmp_path / "x.pth"))


@pytest.mark.parametrize(
    "key, value",
    [
        (3, "x"),
        ("a\x1bclasses", "x"),
        ("classes", ["a\x1b[2J"]),
        ("classes", ["a\nb"]),
        ("classes", ["\ud800"]),
        ("edge_classes", ["x" * 1001]),
        ("classes", ["x"] * 70_000),
        ("palette", [[0, 0, 0]] * 70_000),
        ("depth_map_unit", "m\x07"),
        ("depth_map_unit", "m" * 101),
    ],
    ids=range(10),
)
def test_texts_of_a_dataset(tmp_path, key, value):
    content = dict(state_dict=dict(w=ONES), meta=dict(dataset_meta={key: value}))
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(
        CheckpointError, match=r"x\.pth is damaged: its meta\.dataset_meta"
    ) as error:
        read_checkpoint(tmp_path / "x.pth")
    assert len(str(error.value)) < 400 and str(error.value).isprintable()
