"""A checkpoint's config of somebody else: it reads no files, and what is wrong with it is named."""

import builtins
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmlhl.checkpoints import StoredConfigError, checkpoint_trust
from mmlhl.checkpoints.named_files import named_file
from mmlhl.inference import LifelongInferencer, load_model
from mmlhl.inference.loading import without_pretrained
from mmlhl.inference.publishing import publish

from .changed_configs import with_config

IMAGE = np.zeros((32, 48, 3), np.uint8)


def with_text(checkpoint, path, text):
    content = torch.load(checkpoint)
    content["meta"]["cfg"] += f"\n{text}\n"
    torch.save(content, path)
    return str(path)


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "~/a", "\\\\server\\share\\a", "C:\\a", "c:/a", "../a", "./a"),
        *("http://a/b", "s3://a", "hf-hub:a/b", "hf_hub:a", "local-dir:a"),
        *("a.pth", "a.PKL", "b/a.npy", "a.json", "a.yml", "a.safetensors", "a.txt"),
    ],
)
def test_names_of_files(checkpoint, tmp_path, name):
    assert named_file(dict(a=[dict(weights=name)])) == f"a[0].weights is {name!r}"

    def change(config):
        config.model.backbone.weights = name

    path = with_config(checkpoint, tmp_path / "x.pth", change)
    with pytest.raises(StoredConfigError, match=r"x\.pth names a file.*model\.backbone\.weights"):
        load_model(path)
    with checkpoint_trust(True), pytest.raises(ValueError, match="weights"):  # of another kind
        load_model(path)


def test_names_of_classes_and_layers_are_no_files(tiny_config):
    for text in ("ResNet", "mmseg.ResNet", "BN", "pytorch", "resnet50.a1_in1k", "b0", "x/y"):
        assert named_file(dict(type=text)) is None
    assert named_file(without_pretrained(tiny_config.model)) is None


def test_files_that_only_training_needs_are_left_out(checkpoint, tmp_path, monkeypatch):
    loss = dict(type="CrossEntropyLoss", class_weight=str(tmp_path / "weights.json"))
    weights = dict(type="Pretrained", checkpoint="http://127.0.0.1:9/a.pth")

    def change(config):
        config.model.heads.seg.loss = loss
        config.model.backbone.init_cfg = [dict(type="Kaiming", layer="Conv2d"), weights]

    path = with_config(checkpoint, tmp_path / "x.pth", change)
    opened, real = [], builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda f, *a, **k: opened.append(str(f)) or real(f, *a, **k)
    )
    load_model(path)
    assert not [name for name in opened if "weights.json" in name]


PIPELINES = [
    "abc",
    [None],
    [3],
    [dict(type="LoadImageFromFile"), 3],
    [dict(type=3)],
    [dict(type="LoadImageFromFile"), dict(type="Albu", transforms=3)],
    [dict(type="LoadImageFromFile", color_type="x")],
    [dict(type="LoadImageFromFile"), dict(type="Resize", scale="x")],
]


@pytest.mark.parametrize("steps", PIPELINES, ids=range(len(PIPELINES)))
def test_pipelines_that_cannot_be_built(checkpoint, tmp_path, steps):
    text = f"test_dataloader = dict(dataset=dict(pipeline={steps!r}))"
    path = with_text(checkpoint, tmp_path / "x.pth", text)
    with pytest.raises(ValueError, match=r"x\.pth: the test pipeline of its config cannot be used"):
        LifelongInferencer(path, show_progress=False)


@pytest.mark.parametrize(
    "loader",
    [
        "[1]",
        "dict(dataset=dict(datasets={}))",
        "dict(dataset=dict(datasets=[3]))",
        "dict(dataset=dict(dataset=3))",
        "dict(dataset='x')",
        "3",
    ],
)
def test_datasets_of_no_shape_have_no_pipeline(checkpoint, tmp_path, loader):
    path = with_text(checkpoint, tmp_path / "x.pth", f"test_dataloader = {loader}")
    assert set(LifelongInferencer(path, show_progress=False)(IMAGE)) == {"seg", "depth", "normal"}


def test_transforms_that_fail_name_the_image(checkpoint, tmp_path, photos):
    steps = "[dict(type='LoadImageFromFile'), dict(type='Resize', scale=(10**6, 10**6)), dict(type="
    text = f"test_dataloader = dict(dataset=dict(pipeline={steps}'PackMultiTaskInputs')]))"
    inferencer = LifelongInferencer(
        with_text(checkpoint, tmp_path / "x.pth", text.replace("10**6", "1000000")),
        show_progress=False,
    )
    image = next(path for path in sorted(photos.rglob("*")) if path.is_file())
    with pytest.raises(ValueError, match=f"{re.escape(str(image))}: the test pipeline fails"):
        inferencer(str(image))


@pytest.mark.parametrize("backend", ["http", "petrel", "lmdb"])
def test_files_of_this_machine_need_no_storage_of_the_training(
    checkpoint, tmp_path, photos, backend
):
    args = dict(backend=backend)
    steps = [dict(type="LoadImageFromFile", backend_args=args), dict(type="PackMultiTaskInputs")]
    text = f"test_dataloader = dict(dataset=dict(pipeline={steps!r}))"
    inferencer = LifelongInferencer(
        with_text(checkpoint, tmp_path / "x.pth", text), show_progress=False
    )
    assert len(inferencer(str(photos))) > 0


@pytest.mark.parametrize("text", ["kinds=3", "cell_width='x'", "limits=5"])
def test_visualizers_that_cannot_be_built(checkpoint, tmp_path, text):
    path = with_text(checkpoint, tmp_path / "x.pth", f"visualizer = dict({text})")
    with pytest.raises(ValueError, match=r"x\.pth: the visualizer of its config cannot be used"):
        LifelongInferencer(path, show_progress=False)


@pytest.mark.parametrize(
    "text, named",
    [
        ("filename = 'x'", "'filename'"),
        ("env_variables = dict(HOME='x')", "'env_variables'"),
        ("pretty_text = 'x'", "'pretty_text'"),
        ("custom_imports = dict(imports=[3])", "imports 3"),
        ("custom_imports = dict(imports=['os', ['x']])", r"imports \['x'\]"),
        ("model = dict(heads={'a\\x1b[2J': dict(type='DepthHead')})", r"a\\x1b\[2J"),
        ("model = dict(heads={3: dict(type='DepthHead')})", "a task named 3"),
    ],
)
def test_configs_that_mmengine_cannot_hold(checkpoint, tmp_path, text, named):
    path = with_text(checkpoint, tmp_path / "x.pth", text)
    with pytest.raises(StoredConfigError, match=rf"x\.pth.*{named}"):
        load_model(path)
    with pytest.raises(StoredConfigError, match=named):
        publish(torch.load(path), source="x.pth")


def test_configs_that_cannot_be_written(checkpoint, monkeypatch):
    def failing(self):
        raise SyntaxError("too many nested parentheses\nx = dict(")

    monkeypatch.setattr(Config, "pretty_text", property(failing))
    with pytest.raises(StoredConfigError, match=r"x\.pth cannot be written as text: SyntaxError"):
        publish(torch.load(checkpoint), source="x.pth")
