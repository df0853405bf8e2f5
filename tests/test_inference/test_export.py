"""Exported graphs predict the same as the model at every size, and contain its metadata."""

import copy
import importlib.util
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmlhl.inference import LifelongInferencer, load_model
from mmlhl.inference.export import ExportError, ExportOptions, export_model
from mmlhl.inference.export.checking import compare
from mmlhl.inference.export.formats import run_torchscript
from mmlhl.inference.export.graph import ExportableModel

from .export_models import efficientnet, resnet, segformer, tiny

TOOL = Path(__file__).resolve().parents[2] / "tools/model_converters/export.py"
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="onnx or onnxruntime is not installed",
)


@MODELS.register_module()
class TwoConvolutions(BaseModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1))

    def forward(self, image):
        return [self.layers(image)]


MODELS_BY_NAME = dict(
    fcn=lambda: resnet("FCNHead"),
    aspp=lambda: resnet("ASPPHead"),
    psp=lambda: resnet("PSPHead"),
    segformer=segformer,
    efficientnet=efficientnet,
)


@needs_onnx
@pytest.mark.parametrize("name", MODELS_BY_NAME)
def test_onnx_agrees_at_three_sizes_and_three_numbers_of_images(name, tmp_path):
    errors = export_model(MODELS_BY_NAME[name](), tmp_path / "m.onnx")
    assert list(errors) == ["seg", "normal"] and max(errors.values()) < 1e-4
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


@needs_onnx
def test_a_map_of_one_pixel_is_no_batch_to_normalise(tmp_path):
    assert max(export_model(resnet("FCNHead"), tmp_path / "m.onnx", size=(1, 1)).values()) < 1e-4


def test_torch_before_2_6_cannot_export_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.export, "Dim", type("Dim", (), {}))
    with pytest.raises(ExportError, match=r"m\.pt2: .*any size needs torch 2\.6 .*give a size"):
        export_model(resnet("FCNHead"), tmp_path / "m.pt2")
    assert not list(tmp_path.iterdir())


@needs_onnx
@pytest.mark.parametrize("size", [None, (40, 56)])
def test_onnx_has_a_fixed_number_of_channels(size, tmp_path):
    import onnx

    file = tmp_path / "m.onnx"
    logits = ExportOptions(classes="logits")
    export_model(resnet("FCNHead"), file, options=logits, size=size, shapes=[(1, 40, 56)])
    outputs = {
        output.name: [dim.dim_param or dim.dim_value for dim in output.type.tensor_type.shape.dim]
        for output in onnx.load(str(file)).graph.output
    }
    batch, *sides = (1, *size) if size else ("batch", "height", "width")
    assert outputs == dict(seg=[batch, 5, *sides], normal=[batch, 3, *sides])


@pytest.mark.parametrize("name", ["aspp", "segformer"])
def test_torchscript_agrees(name, tmp_path):
    errors = export_model(MODELS_BY_NAME[name](), tmp_path / "m.pt")
    assert max(errors.values()) < 1e-4
    extra = {"mmlhl.json": ""}
    torch.jit.load(str(tmp_path / "m.pt"), _extra_files=extra)
    assert json.loads(extra["mmlhl.json"])["tasks"]["normal"]["unit"] == "unit vector"


def test_torch_export_agrees(tmp_path):
    # torch's tracer takes long: one task on two convolutions
    decoder = dict(type="ASPPHead", in_channels=4, in_index=0, channels=4, dilations=(1, 2))
    heads = dict(normal=dict(type="NormalHead", decoder=dict(decoder, align_corners=True)))
    loaded = tiny(dict(type="TwoConvolutions"), {}, heads=heads)
    errors = export_model(loaded, tmp_path / "m.pt2")
    assert max(errors.values()) < 1e-4
    extra = {"mmlhl.json": ""}
    program = torch.export.load(str(tmp_path / "m.pt2"), extra_files=extra)
    maps = program.module()(torch.zeros(1, 3, 40, 56))
    assert {task: value.shape for task, value in maps.items()} == dict(normal=(1, 3, 40, 56))
    assert json.loads(extra["mmlhl.json"])["input"]["mean"] == [120.0, 110.0, 100.0]


@needs_onnx
@pytest.mark.parametrize("kind", ["rgb", "rgb8", "normalised"])
@pytest.mark.parametrize("rgb", [True, False])
def test_the_graph_predicts_what_the_inferencer_predicts(kind, rgb, tmp_path, checkpoint):
    import onnxruntime

    loaded = load_model(checkpoint, device="cpu")
    if not rgb:
        loaded = resnet("FCNHead", rgb=False)
    export_model(loaded, tmp_path / "m.onnx", options=ExportOptions(kind), shapes=[(1, 40, 56)])
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    facts = {k: v for k, v in session.get_modelmeta().custom_metadata_map.items()}
    about = json.loads(facts["input"])
    image = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)  # RGB
    array = image.transpose(2, 0, 1)[None]
    if kind == "normalised":
        array = array[:, ::-1] if about["channels"] == "BGR" else array
        mean, std = (np.float32(about[k])[:, None, None] for k in ("mean", "std"))
        array = (array - mean) / std
    assert about["channels"] == ("BGR" if kind == "normalised" and not rgb else "RGB")
    given = session.run(None, {"image": array.astype(about["dtype"])})
    given = dict(zip([o.name for o in session.get_outputs()], given, strict=True))
    bgr = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)
    (sample,) = loaded.model.test_step(dict(inputs=[bgr]))
    assert (given["seg"][0] == sample.pred_sem_seg.data.numpy()).mean() > 0.999
    np.testing.assert_allclose(given["normal"][0], sample.pred_normal_map.data, atol=1e-4)
    if rgb:
        assert json.loads(facts["tasks"])["seg"]["classes"][3] == "thing 3"
        assert json.loads(facts["tasks"])["depth"]["unit"] == "m" and facts["opset"] == "17"
        maps = LifelongInferencer(checkpoint, device="cpu")(image, channel_order="rgb")
        np.testing.assert_allclose(given["depth"][0, 0], maps["depth"], atol=1e-4)


@pytest.mark.parametrize("to_rgb", [True, False])
def test_images_that_the_pipeline_normalises(checkpoint, tiny_config, tmp_path, to_rgb):
    """The model alone knows neither mean nor order: a graph of plain images would be wrong."""
    mean, std = [100.0, 110.0, 120.0], [50.0, 60.0, 70.0]
    cfg = copy.deepcopy(tiny_config)
    cfg.model.data_preprocessor.update(mean=None, std=None, bgr_to_rgb=False)
    step = dict(type="Normalize", mean=mean, std=std, to_rgb=to_rgb)
    steps = [dict(type="LoadImageFromFile"), step, dict(type="PackSegInputs")]
    cfg.test_dataloader.dataset.pipeline = steps
    content = torch.load(checkpoint)
    content["meta"]["cfg"] = cfg.pretty_text
    torch.save(content, path := str(tmp_path / "n.pth"))
    out = tmp_path / "m.pt"
    for kind in ("rgb", "rgb8"):
        with pytest.raises(ExportError, match="Normalize in the test pipeline of .*--input norm"):
            export_model(path, out, options=ExportOptions(kind), shapes=[])
    assert not out.exists()
    export_model(path, out, options=ExportOptions("normalised"), shapes=[(1, 40, 56)])
    extra = {"mmlhl.json": ""}
    graph = torch.jit.load(str(out), _extra_files=extra)
    about = json.loads(extra["mmlhl.json"])["input"]
    assert (about["mean"], about["std"]) == (mean, std) and about["range"] == "(x - mean) / std"
    image = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)  # RGB
    array = image if about["channels"] == "RGB" else image[..., ::-1]
    array = torch.from_numpy((array - np.float32(mean)) / np.float32(std)).permute(2, 0, 1)[None]
    maps = LifelongInferencer(path, device="cpu")(image, channel_order="rgb")
    np.testing.assert_allclose(graph(array)["depth"][0, 0], maps["depth"], atol=1e-4)


def outputs(loaded, options, path, **more):
    export_model(loaded, path, options=options, **more)
    return run_torchscript(path)(torch.full((1, 3, 40, 56), 99.0))


def test_logits_and_raw_maps(tmp_path):
    loaded = resnet("FCNHead")
    ids = outputs(loaded, ExportOptions(), tmp_path / "a.pt")
    assert ids["seg"].dtype == torch.int64 and ids["seg"].shape == (1, 1, 40, 56)
    logits = outputs(loaded, ExportOptions(classes="logits"), tmp_path / "b.pt")
    torch.testing.assert_close(logits["seg"].exp().sum(1), torch.ones(1, 40, 56))
    assert (logits["seg"].argmax(1, keepdim=True) == ids["seg"]).all()
    raw = outputs(loaded, ExportOptions(raw=True), tmp_path / "c.pt")
    assert raw["seg"].shape == (1, 5, 5, 7) and raw["normal"].shape == (1, 3, 5, 7)


def test_padding_of_the_preprocessor_is_part_of_the_graph(tmp_path):
    loaded = resnet("FCNHead", padding=dict(size_divisor=32))
    maps = outputs(loaded, ExportOptions(), tmp_path / "a.pt")
    assert maps["normal"].shape == (1, 3, 40, 56)
    data = dict(inputs=[torch.full((3, 40, 56), 99)], data_samples=[SegDataSample()])
    data["data_samples"][0].set_metainfo(dict(ori_shape=(40, 56), img_shape=(40, 56)))
    (sample,) = loaded.model.test_step(data)
    torch.testing.assert_close(maps["normal"][0], sample.pred_normal_map.data)
    fixed = resnet("FCNHead", padding=dict(size=(64, 64)))
    with pytest.raises(ExportError, match="test_cfg.size is \\(64, 64\\)"):
        export_model(fixed, tmp_path / "b.pt")
    assert export_model(fixed, tmp_path / "b.pt", size=(40, 56))
    with pytest.raises(ExportError, match="\\(64, 64\\), into which images of 40x65 do not fit"):
        export_model(fixed, tmp_path / "b.pt", size=(40, 65))


def test_sliding_windows_are_refused_unless_whole(tmp_path):
    slide = dict(mode="slide", crop_size=(32, 32), stride=(16, 16))
    loaded = resnet("FCNHead", test_cfg=slide)
    with pytest.raises(ValueError, match="mode is 'slide'.*--whole"):
        export_model(loaded, tmp_path / "m.pt")
    assert export_model(loaded, tmp_path / "m.pt", whole=True)
    assert loaded.model.test_cfg == slide


class BakesSizes(nn.Module):
    """Adds a map of the size of its first input."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, image):
        size = tuple(int(side) for side in image.shape[2:])
        return self.inner(nn.functional.interpolate(image, size) + torch.ones(size))


@pytest.mark.parametrize("ending", [pytest.param("onnx", marks=needs_onnx), "pt"])
def test_graph_tied_to_one_size_is_refused_without_a_file(tmp_path, ending):
    loaded = resnet("FCNHead")
    loaded.model.backbone = BakesSizes(loaded.model.backbone)
    path = tmp_path / f"m.{ending}"
    path.write_text("older")
    with pytest.raises(ExportError, match="BakesSizes with FCNHead.*96x160.*--size"):
        export_model(loaded, path)
    assert path.read_text() == "older" and len(list(tmp_path.iterdir())) == 1
    assert export_model(loaded, path, size=(64, 96))


def test_the_check_can_fail():
    reference = ExportableModel(resnet("FCNHead").model, ExportOptions())

    def runs(change):
        def run(image):
            maps = reference(image)
            change(maps)
            return maps

        return run

    shapes = [(1, 32, 40)]
    assert compare(reference, runs(lambda maps: None), shapes, 1e-4) == dict(seg=0, normal=0)
    for change, message in (
        (lambda maps: maps["normal"].mul_(1.01), "'normal' differs"),
        (lambda maps: maps["normal"].fill_(float("nan")), "'normal' differs"),
        (lambda maps: maps["seg"].add_(1).remainder_(5), "'seg' differs"),
        (lambda maps: maps["seg"].fill_(7), "'seg' differs by inf"),
        (lambda maps: maps.update(seg=maps["seg"].float()), "'seg' differs|dtype"),
        (lambda maps: maps.update(seg=maps["seg"][..., 1:]), "'seg' has shape"),
    ):
        with pytest.raises((ValueError, RuntimeError), match=message):
            compare(reference, runs(change), shapes, 1e-4)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(input="bgr"), "input must be"),
        (dict(classes="names"), "classes must be"),
        (dict(raw=True, classes="logits"), "leave classes out"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ExportOptions(**options)


def test_the_command(checkpoint, tmp_path, capsys, monkeypatch):
    def run(*args):
        monkeypatch.setattr(sys, "argv", ["export.py", *map(str, args)])
        runpy.run_path(str(TOOL), run_name="__main__")

    out = tmp_path / "m.pt"
    run(checkpoint, out, "--tasks", "depth", "--check-sizes", "40x56", "64x48")
    assert "m.pt: depth; greatest difference: depth" in capsys.readouterr().out
    assert list(run_torchscript(out)(torch.zeros(1, 3, 33, 47))) == ["depth"]
    with pytest.raises(SystemExit, match="export.py: .*m.xyz: the ending names no format"):
        run(checkpoint, tmp_path / "m.xyz")
