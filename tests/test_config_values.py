"""Walks over configs, and the kinds of values in them."""

from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmlhl.config_values import as_list, entries, is_number, is_size, leaves, make_plain, nodes

CFG = dict(a=[dict(b=1, c=()), 2.5], d=dict(e=dict(f=None), g={}), h="text")


def test_leaves_with_lists_opened():
    found = [("a[0].b", 1), ("a[0].c", ()), ("a[1]", 2.5), ("d.e.f", None), ("d.g", {})]
    assert list(leaves(CFG)) == [*found, ("h", "text")]


def test_entries_of_a_name_at_any_depth():
    cfg = dict(a=1, b=[dict(a=dict(a=2)), 3], c=dict(d=dict(a=None)))
    found = [("a", 1), ("b[0].a", dict(a=2)), ("b[0].a.a", 2), ("c.d.a", None)]
    assert list(entries(cfg, "a")) == found
    assert list(entries(cfg, "e")) == [] and list(entries(5, "a", "x")) == []


def test_leaves_with_lists_as_values():
    found = [("cfg.a", CFG["a"]), ("cfg.d.e.f", None), ("cfg.d.g", {}), ("cfg.h", "text")]
    assert list(leaves(CFG, "cfg", lists=False)) == found


def test_one_or_several():
    assert as_list([1, 2]) == [1, 2] and as_list((1,)) == [1] and as_list(()) == []
    assert as_list("ab") == ["ab"] and as_list(None) == [None] and as_list({1: 2}) == [{1: 2}]


def test_numbers():
    assert [is_number(value) for value in (0, -1.5, float("nan"))] == [True] * 3
    assert [is_number(value) for value in (True, "7", None, [1], 1j)] == [False] * 5


def test_sizes():
    assert [is_size(value) for value in ((1, 2), [48, 64])] == [True] * 2
    wrong = (
        None,
        48,
        "48",
        {48, 64},
        (48,),
        (48, 64, 3),
        (0, 64),
        (48, -1),
        (48.0, 64),
        (True, 64),
    )
    for value in wrong:
        assert not is_size(value), value


def test_nodes_are_all_dictionaries_from_the_top():
    assert list(nodes(CFG)) == [CFG, CFG["a"][0], CFG["d"], dict(f=None), {}]


def test_numbers_of_numpy_and_paths_become_plain():
    shared = dict(lr=np.float32(0.5))
    config = Config(
        dict(
            optimizer=shared,
            again=[shared, (np.int64(3), "x")],
            load_from=Path("a/b.pth"),
            flag=np.bool_(True),
            array=np.ones(2),
            none=None,
        )
    )
    for key in list(config):
        config[key] = make_plain(config[key])
    assert config.optimizer.lr == 0.5 and type(config.optimizer.lr) is float
    assert config.again[1] == (3, "x") and type(config.again[1][0]) is int
    assert config.load_from == "a/b.pth" and config.flag is True
    assert type(config.array) is np.ndarray and config.none is None
