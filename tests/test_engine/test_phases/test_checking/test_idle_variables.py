"""Variables of a base that are set anew without an effect are refused."""

import os
from pathlib import Path

import mmseg
import pytest
from mmengine.config import Config

from mmlhl.config_files import with_bases
from mmlhl.engine import LifelongRunner
from mmlhl.engine.phases.checking import top_keys
from mmlhl.engine.phases.checking.idle_variables import (
    check_idle_variables,
    left_by_mmseg,
    variables_read,
)
from mmlhl.engine.phases.checking.top_keys import READ, acting_keys, check_top_keys

BASE = """
crop_size = (64, 64)
data_root = 'data/x'
train_pipeline = [dict(type='RandomCrop', crop_size=crop_size)]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
optimizer = dict(type='SGD', lr=0.1)
optim_wrapper = dict(optimizer=optimizer)
note = 'mine'
"""


@pytest.fixture
def leaf(tmp_path):
    """Write a config that inherits from BASE, perhaps by a file between them."""

    def write(text, between=None):
        (tmp_path / "base.py").write_text(BASE)
        if between is not None:
            (tmp_path / "between.py").write_text(f"_base_ = 'base.py'\n{between}")
        path = tmp_path / "leaf.py"
        path.write_text(f"_base_ = '{'base.py' if between is None else 'between.py'}'\n{text}")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("crop_size = (32, 32)", "crop_size"),
        ("train_pipeline = []", "train_pipeline"),
        ("data_root: str = 'data/y'", "data_root"),
        ("optimizer = dict(lr=1)\nwork_dir = 'w'", "optimizer"),
        ("x = 3\ncrop_size = data_root = x", "crop_size"),
    ],
)
@pytest.mark.parametrize("between", [None, "work_dir = 'w'"])
def test_refused(leaf, text, variable, between):
    path = leaf(text, between)
    line = 2 + text.count("\n") * ("x = 3" in text)
    with pytest.raises(ValueError, match=rf"leaf.py: line {line} sets {variable}, but its base"):
        check_idle_variables(path, READ)
    with pytest.raises(ValueError, match=f"sets {variable}"):
        LifelongRunner(Config.fromfile(path))


@pytest.mark.parametrize(
    "text",
    [
        "crop_size = (32, 32)\ntrain_dataloader = dict(dataset=dict(size=crop_size))",
        "crop_size = (64, 64)",  # as in the base
        "optim_wrapper = dict(optimizer=dict(lr=1))",  # is read from the config
        "note = 'yours'",  # the base does not use it either
        "_crop_size = (32, 32)\nsize = 3",
        "crop_size = (32, 32)\ndel crop_size",
        "train_pipeline = {{_base_.train_pipeline}}\ntrain_dataloader = [train_pipeline]",
    ],
)
def test_with_an_effect(leaf, text):
    check_idle_variables(leaf(text), READ)


def test_a_variable_for_those_who_inherit(leaf):
    text = "train_dataloader = dict(dataset=dict(size={{_base_.crop_size}}))"
    check_idle_variables(leaf(text, between="crop_size = (32, 32)"), READ)


def test_in_a_base_it_is_a_warning(leaf, monkeypatch):
    said = []
    monkeypatch.setattr(
        "mmlhl.engine.phases.checking.idle_variables.print_log", lambda text, *_: said.append(text)
    )
    check_idle_variables(leaf("work_dir = 'w'", between="crop_size = (32, 32)"), READ)
    (text,) = said
    assert "between.py: line 2 sets crop_size" in text


def checked(path):
    check_idle_variables(path, READ, Config.fromfile(path))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("lr = 0.2", "optim_wrapper.optimizer.lr"),
        ("pipeline = []", "train_dataloader.dataset.pipeline"),
        ("dataset = dict(data_root='data/y')", "train_dataloader.dataset"),
        ("val_interval = 2", "train_cfg.val_interval"),
        ("norm_eval: bool = True", "model.backbone.norm_eval"),
    ],
)
def test_called_like_an_option_and_read_by_nothing(leaf, text, place):
    name = text.split(" ")[0].strip(":")
    with pytest.raises(ValueError, match=f"leaf.py: line 2 sets {name}, .* mean {place}\\?"):
        checked(leaf(text))
    checked(leaf(f"_{text}"))
    checked(leaf("work_dir = 'w'", between=text))  # for other files that inherit from it


@pytest.mark.parametrize(
    "text",
    [
        "lr = 0.1",  # as the option is
        "rate = 0.2",
        "lr = 0.2\noptim_wrapper = dict(optimizer=dict(lr=2 * lr))",
    ],
)
def test_a_variable_of_ones_own(leaf, text):
    checked(leaf(text))


def test_a_file_that_inherits_from_none(leaf, tmp_path):
    path = tmp_path / "single.py"
    path.write_text(BASE + "lr = 0.2")
    with pytest.raises(ValueError, match="single.py: line .* sets lr, .* mean optim_wrapper"):
        checked(path)


def test_without_a_file_it_is_a_warning(monkeypatch):
    heard = []
    monkeypatch.setattr(top_keys, "print_log", lambda message, *_: heard.append(message))
    cfg = dict(optim_wrapper=dict(optimizer=dict(lr=0.1)), train_cfg=dict(max_epochs=3))
    check_top_keys(dict(cfg, lr=0.1, max_epochs=3, note="x", _lr=2))
    assert heard == []
    check_top_keys(dict(cfg, max_epochs=30))
    assert heard == ["max_epochs=30 at the top changes nothing; did you mean train_cfg.max_epochs?"]


def test_variables_that_files_read(leaf, tmp_path):
    path = leaf("lr = 0.2\noptim_wrapper = dict(optimizer=dict(lr=lr))")
    assert {"lr", "optimizer", "crop_size"} <= variables_read(path)
    Config.fromfile(path).dump(tmp_path / "dumped.py")
    for none in (tmp_path / "dumped.py", tmp_path / "config.yml", None):
        assert variables_read(none) is None
    checked(tmp_path / "dumped.py")


def test_a_preprocessor_beside_that_of_the_model_is_a_variable():
    assert "data_preprocessor" in acting_keys(dict(model=dict(type="A")))
    assert "data_preprocessor" not in acting_keys(dict(model=dict(data_preprocessor={})))


def test_what_only_mmsegs_configs_set(tmp_path, monkeypatch):
    """Who inherits from its MobileNetV3 cannot take ``runner`` out, and mmseg does not read it."""
    (tmp_path / "mmseg").mkdir()
    (tmp_path / "mmseg" / "base.py").write_text("runner = dict(max_iters=9)\nfp16 = dict(a=1)")
    own = tmp_path / "own.py"
    own.write_text("_base_ = 'mmseg/base.py'\nfp16 = dict(a=2)")
    assert left_by_mmseg(own) == left_by_mmseg(None) == left_by_mmseg("a.yaml") == set()
    monkeypatch.setattr(mmseg, "__file__", str(tmp_path / "mmseg" / "__init__.py"))
    assert left_by_mmseg(own) == {"runner"}
    cfg, read = Config.fromfile(own), variables_read(own)
    with pytest.raises(ValueError, match="^fp16: mmengine no longer reads it"):
        check_top_keys(cfg, read=read, left=left_by_mmseg(own))
    cfg.fp16 = None
    heard = []
    monkeypatch.setattr(top_keys, "print_log", lambda message, *_: heard.append(message))
    check_top_keys(cfg, read=read, left=left_by_mmseg(own))
    assert len(heard) == 1 and heard[0].startswith("runner: mmengine no longer reads it")
    with pytest.raises(ValueError, match="^runner: mmengine no longer reads it"):
        check_top_keys(cfg, read=read)


def test_a_copy_of_mmsegs_config_is_one_of_them(tmp_path, monkeypatch):
    """As in a clone of its repository, from which its configs are usually trained."""
    for folder in (tmp_path / "mmseg" / ".mim", tmp_path / "clone"):
        (folder / "configs" / "mae").mkdir(parents=True)
        (folder / "configs" / "mae" / "base.py").write_text("fp16 = dict(a=1)")
    monkeypatch.setattr(mmseg, "__file__", str(tmp_path / "mmseg" / "__init__.py"))
    copied = tmp_path / "clone" / "configs" / "mae" / "base.py"
    assert left_by_mmseg(copied) == {"fp16"}
    copied.write_text("fp16 = dict(a=2)")
    assert left_by_mmseg(copied) == set()


@pytest.fixture
def importing(tmp_path):
    """Write a config in mmengine's pure Python style that inherits from BASE."""

    def write(text, between=None):
        path = tmp_path / "configs" / "own" / "leaf.py"
        path.parent.mkdir(parents=True)
        (tmp_path / "configs" / "base.py").write_text(BASE)
        if between is not None:
            head = "from mmengine.config import read_base\nwith read_base():\n"
            head += "    from .base import *\n"
            (tmp_path / "configs" / "between.py").write_text(head + between)
        base = "base" if between is None else "between"
        head = f"import mmengine.config as c\nwith c.read_base():\n    from ..{base} import *\n"
        path.write_text(head + text)
        return path

    return write


@pytest.mark.parametrize("between", [None, "work_dir = 'w'"])
@pytest.mark.parametrize("text", ["crop_size = (32, 32)", "train_pipeline = []"])
def test_refused_in_pure_python(importing, text, between):
    path = importing(text, between)
    with pytest.raises(ValueError, match=f"leaf.py: line 4 sets {text.split()[0]}, but its base"):
        check_idle_variables(path, READ)


def test_misplaced_in_pure_python(importing):
    path = importing("batch_size = 4")
    cfg = Config(dict(train_dataloader=dict(batch_size=2), batch_size=4))
    with pytest.raises(ValueError, match="line 4 sets batch_size, .* train_dataloader.batch_size"):
        check_idle_variables(path, READ, cfg)


@pytest.mark.parametrize(
    "text",
    [
        "note = 'yours'",
        "train_pipeline = []\ntrain_dataloader = dict(dataset=dict(pipeline=train_pipeline))",
        "train_dataloader.dataset.pipeline = []",
        "crop_size = (64, 64)",
    ],
)
def test_accepted_in_pure_python(importing, text):
    check_idle_variables(importing(text), READ)


def test_bases_of_a_package_and_those_that_are_not_there(importing, tmp_path):
    path = importing("a = 1")
    assert [Path(each).name for each in with_bases(str(path))] == ["leaf.py", "base.py"]
    lines = "with read_base():\n    from mmseg.nowhere import *\n    from nowhere.base import *\n"
    path.write_text(lines)
    found = list(with_bases(str(path)))
    assert len(found) == 2 and found[1] == os.path.join(
        os.path.dirname(mmseg.__file__), "nowhere.py"
    )
    check_idle_variables(path, READ)
