"""Configs in YAML are data."""

import mmengine
import pytest
import yaml
from mmengine.config import Config

from mmlhl.config_files import read_config

CALLS = [
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/new:subprocess.Popen [[touch, {marker}]]",
    "!!python/object/apply:builtins.open ['{marker}', 'w']",
    "!!python/object:argparse.Namespace {{x: 1}}",
    "!!python/name:os.system",
    "!!python/module:os",
    "[1, !!python/object/apply:eval [\"open('{marker}', 'w')\"]]",
]


@pytest.mark.parametrize("ending", ["yaml", "yml"])
@pytest.mark.parametrize("call", CALLS)
def test_tags_call_nothing(tmp_path, call, ending):
    marker, file = tmp_path / "marker", tmp_path / f"config.{ending}"
    file.write_text(f"model: 1\nb: {call.format(marker=marker)}\n")
    readers = (read_config, Config.fromfile, mmengine.load)
    readers += (lambda path: Config.fromstring(file.read_text(), f".{ending}"),)
    for read in readers:
        with pytest.raises(ValueError, match=r"line 2 asks for Python's '.*was not run"):
            read(str(file))
    with pytest.raises(ValueError, match=f"config.{ending}: the config cannot be read"):
        read_config(file)
    base = tmp_path / "leaf.py"
    base.write_text(f"_base_ = 'config.{ending}'\n")
    with pytest.raises(ValueError, match="was not run"):
        read_config(base)
    assert not marker.exists()


def test_these_files_are_hostile(tmp_path):
    marker = tmp_path / "marker"
    yaml.load(CALLS[2].format(marker=marker), yaml.UnsafeLoader)
    assert marker.exists()


def test_a_config_comes_back_from_yaml(tmp_path):
    content = dict(a=(1, 2.5), b=[True, None, "x"], c=dict(d=(("e", -1),), f=1e-3), g=float("inf"))
    Config(content).dump(str(tmp_path / "config.yaml"))
    found = read_config(tmp_path / "config.yaml")
    assert dict(found.to_dict()) == content and isinstance(found.a, tuple)


@pytest.mark.parametrize("ending", ["yaml", "yml", "json"])
@pytest.mark.parametrize(
    "model",
    [
        dict(type="os.system", command="touch {marker}"),
        dict(type="LifelongSegmentor", backbone=dict(type="subprocess.Popen", args=["touch"])),
        dict(type="LifelongSegmentor", heads=[dict(type="builtins.open", file="{marker}")]),
        dict(type="torch.hub.load", repo_or_dir="x"),
        dict(type="ResNet", _scope_="antigravity"),
    ],
    ids=lambda model: model["type"],
)
def test_types_that_are_not_registered_are_refused(tmp_path, model, ending):
    file = tmp_path / f"config.{ending}"
    Config(dict(model=model, train_cfg=dict(by_epoch=True))).dump(str(file))
    with pytest.raises(ValueError, match=rf"config\.{ending}: .* it would call '.*', which is"):
        read_config(file)


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_registered_types_in_any_spelling_are_read(tmp_path, ending):
    file = tmp_path / f"config.{ending}"
    kinds = ["ResNet", "mmseg.ResNet", "mmlhl.models.heads.depth_head.DepthHead", "HorizontalFlip"]
    Config(dict(model=dict(type="LifelongSegmentor"), parts=[dict(type=k) for k in kinds])).dump(
        str(file)
    )
    assert [part.type for part in read_config(file).parts] == kinds


LISTS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
DICTS = LISTS.replace("[x, x]", "{x: 1}").replace("[", "{x: ").replace(", *", ", y: *")
REPEATED = {
    "lists": (LISTS, "holds .*e.1. values"),
    "dictionaries": (DICTS.replace("]", "}"), "holds .*e.1. values"),
    "itself": ("a: &a [1, *a]\n", "holds inf values"),
    "in itself": ("a: &a {b: {c: *a}}\n", "holds inf values"),
    "digits": ("a: 1\nb: " + "9" * 5000, "line 2 has a number of 5000 digits"),
    "sixties": ("b: 1" + ":59" * 20_000, "line 1 has a number of 60001 digits"),
    "deep": ("b: " + "[" * 1200 + "]" * 1200, "[Rr]ecursion|nest"),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_small_file_does_not_become_a_large_one(tmp_path, name):
    text, what = REPEATED[name]
    (tmp_path / "config.yaml").write_text(text + "\nmodel: {type: LifelongSegmentor}\n")
    with pytest.raises(ValueError, match=f"config.yaml: the config cannot be read: .*{what}"):
        read_config(tmp_path / "config.yaml")


def test_aliases_and_merges_are_read(tmp_path):
    (tmp_path / "config.yaml").write_text("a: &a {x: 1, y: [2]}\nb: {<<: *a, z: *a}\nc: [*a, *a]\n")
    found = read_config(tmp_path / "config.yaml").to_dict()
    assert found["b"] == dict(x=1, y=[2], z=found["a"]) and found["c"] == [found["a"]] * 2


@pytest.mark.parametrize("name, text", [("a.yaml", ""), ("a.yml", "- 1"), ("a.json", '"x"')])
def test_data_that_is_no_config(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name}: the config cannot be read: it holds no keys"):
        read_config(tmp_path / name)
