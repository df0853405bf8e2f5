"""A key that a config gives twice is refused, as only the last would count."""

import json

import pytest
from mmengine.config import Config

from mmlhl.config_files import read_config
from mmlhl.engine.runners import LifelongRunner
from mmlhl.repeated_keys import repeated_keys

TWICE = {
    "top.json": '{"lr": 1, "model": {}, "lr": 2}',
    "below.json": '{"model": {"heads": [{"lr": 1, "lr": 1}]}}',
    "top.yaml": "lr: 1\nmodel: 2\nlr: 3\n",
    "below.yml": "model:\n  - {type: a}\n  - lr: 1\n    lr: 2\n",
    "quoted.yaml": "lr: 1\n'lr': 2\n",
    "aliased.yaml": "a: &a {lr: 1, lr: 2}\nb: *a\n",
    "braces.py": "model = {'lr': 1,\n  'lr': 2}\n",
    "below.py": "phases = [dict(cfg={'optim.lr': 1, 'lr': 0,\n  'lr': 2})]\n",
}
ONCE = {
    "ok.json": '{"lr": 1, "a": {"lr": 2}, "b": [{"lr": 1}, {"lr": 2}]}',
    "merged.yaml": "a: &a {lr: 1}\nb:\n  <<: *a\n  lr: 2\nc: {<<: *a, <<: *a, x: 1}\n",
    "kinds.yaml": "a: {1: x, '1': y}\n",
    "again.py": "lr = 1\nlr = 2\nbase = {'lr': 1}\nmore = {**base, 'lr': 2}\nx = {lr: 1}\n",
    "broken.json": '{"lr": ',
    "list.txt": "lr: 1\nlr: 2",
}


@pytest.mark.parametrize("name", TWICE)
def test_a_repeated_key_is_named(tmp_path, name):
    file = tmp_path / name
    file.write_text(TWICE[name])
    (text,) = repeated_keys(file)
    place = {"top.yaml": "line 3", "below.yml": "line 4", "braces.py": "line 2"}.get(name, "")
    assert text.startswith(place) and text.endswith("gives 'lr' a second time")
    with pytest.raises(ValueError, match=f"{name}: the config cannot be read: .*'lr' a second"):
        read_config(file)
    leaf = tmp_path / "leaf.py"
    leaf.write_text(f"_base_ = ['{name}']\n")
    with pytest.raises(ValueError, match=f"{name}: .*'lr' a second time"):
        read_config(leaf)


@pytest.mark.parametrize("name", ONCE)
def test_other_keys_pass(tmp_path, name):
    file = tmp_path / name
    file.write_text(ONCE[name])
    assert repeated_keys(file) == []


def test_mmsegs_own_tools_are_told_too(tmp_path):
    file = tmp_path / "sequence.json"
    file.write_text(json.dumps(dict(phases=[dict(tasks=["seg"])]))[:-1] + ', "phases": []}')
    with pytest.raises(ValueError, match="sequence.json: .*'phases' a second time"):
        LifelongRunner(Config.fromfile(file))
