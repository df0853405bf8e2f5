"""A published checkpoint contains the kind and unit of its maps."""

import resource
import runpy
import signal
import sys
from pathlib import Path

import pytest
import torch

from mmlhl.inference import load_model
from mmlhl.inference.export import export_model
from mmlhl.inference.publishing import outputs_of, publish, write_published
from mmlhl.models.heads import DepthHead

TOOL = str(Path(__file__).parents[2] / "tools" / "model_converters" / "publish.py")


@pytest.mark.parametrize("name", ["normal.pth", "./../m/normal.pth", "link.pth"])
def test_a_checkpoint_is_not_overwritten_by_what_is_made_of_it(tmp_path, monkeypatch, name):
    monkeypatch.chdir((folder := tmp_path / "m").mkdir() or folder)
    content = dict(meta={}, state_dict=dict(a=torch.ones(1)), optimizer=dict())
    torch.save(content, "normal.pth")
    Path("link.pth").symlink_to("normal.pth")
    monkeypatch.setattr(sys, "argv", [TOOL, "normal.pth", name])
    with pytest.raises(SystemExit, match="is the file that is read"):
        runpy.run_path(TOOL, run_name="__main__")
    with pytest.raises(ValueError, match="is the file that is read"):
        export_model("normal.pth", name, "torchscript")
    assert torch.load("normal.pth").keys() == content.keys()


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        (("",), "leaves no weight of the checkpoint"),
        (("backbone.", "head"), "leaves no weight"),
        (("heads.sge.",), "no weight of the checkpoint begins with 'heads.sge.'; did you"),
        (("optimizer.",), r"begins with 'optimizer.'.*; there are \['backbone.', 'heads.'\]"),
    ],
)
def test_prefixes_without_effect_and_those_that_leave_nothing(drop, message):
    weights = {"backbone.conv": torch.ones(1), "heads.seg.conv": torch.ones(1)}
    with pytest.raises(ValueError, match=message):
        publish(dict(state_dict=weights), drop)
    assert len(publish(dict(state_dict=weights), ("heads.",))["state_dict"]) == 1
    assert len(publish(dict(state_dict=weights), ())["state_dict"]) == 2


def test_weights_alone_and_endings_of_graphs_are_refused_in_a_line(tmp_path):
    weights = {f"backbone.{i}": torch.ones(1) for i in range(300)}
    with pytest.raises(ValueError, match="has no 'state_dict', only 'backbone.0', .* and 295 more"):
        publish(weights)
    for name in ("a.onnx", "a.PT2"):
        with pytest.raises(ValueError, match="graph, which mmlhl export writes"):
            write_published(tmp_path / name, publish(dict(state_dict=weights)))
    assert not any(tmp_path.iterdir())


def test_outputs_of_the_tasks_learned_so_far(trained, tmp_path, monkeypatch, capsys):
    cfg, _ = trained
    out = tmp_path / "model.pth"
    checkpoint = Path(cfg.work_dir) / "phase_2_depth" / "depth.pth"
    monkeypatch.setattr(sys, "argv", [TOOL, str(checkpoint), str(out)])
    runpy.run_path(TOOL, run_name="__main__")
    assert torch.load(out, weights_only=True)["meta"]["outputs"] == dict(
        seg=dict(kind="classes", unit="class id"), depth=dict(kind="depth", unit="m")
    )
    shown = capsys.readouterr().out
    assert "seg: classes, in class id" in shown and "depth: depth, in m" in shown


def test_a_unit_of_its_own_and_a_head_that_nobody_knows():
    heads = dict(
        far=dict(type="mmseg.DepthHead", field="far_map"),
        edge=dict(type="ChannelHead", field="edge_map", channels=1),
        own=dict(type="HeadOfAnotherPackage"),
    )
    found = outputs_of(dict(model=dict(heads=heads)), dict(far_map_unit="km"))
    assert found == dict(far=dict(kind="depth", unit="km"), edge=dict(kind="channels", unit=""))
    assert outputs_of(dict(model=dict(type="EncoderDecoder")), {}) == {}


class PassesOn(DepthHead):
    def __init__(self, extra=0, **kwargs):
        super().__init__(**kwargs)


def test_the_unit_of_a_head_that_passes_its_options_on():
    cfg = dict(model=dict(heads=dict(depth=dict(type=PassesOn))))
    assert outputs_of(cfg, dict(depth_map_unit="px"))["depth"]["unit"] == "px"


def test_half_of_the_size_and_nearly_the_same_weights(trained, tmp_path, monkeypatch):
    cfg, _ = trained
    checkpoint = Path(cfg.work_dir) / "phase_3_normal" / "normal.pth"
    out = tmp_path / "half.pth"
    monkeypatch.setattr(sys, "argv", [TOOL, str(checkpoint), str(out), "--half"])
    runpy.run_path(TOOL, run_name="__main__")
    kinds = {
        (v.ndim > 1, v.dtype) for v in torch.load(out, weights_only=True)["state_dict"].values()
    }
    assert kinds == {(True, torch.float16), (False, torch.float32), (False, torch.int64)}
    whole, half = (load_model(str(path)).model.state_dict() for path in (checkpoint, out))
    assert whole.keys() == half.keys()
    for key, value in whole.items():
        assert half[key].dtype == value.dtype
        torch.testing.assert_close(half[key], value, rtol=1e-3, atol=1e-6)


def test_weights_beyond_16_bits_stay_as_they_are():
    weights = dict(a=torch.full((2, 2), 1e5), b=torch.full((2, 2), 3.0))
    kept = publish(dict(state_dict=weights), half=True)["state_dict"]
    assert torch.equal(kept["a"], weights["a"])
    assert kept["b"].dtype == torch.float16


@pytest.mark.parametrize("name", ["model.pth", "model.safetensors"])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, name):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9999, before[1]))
    try:
        with pytest.raises(OSError, match=f"cannot write {tmp_path / name}: File too large"):
            write_published(tmp_path / name, dict(meta={}, state_dict=dict(a=torch.zeros(99999))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.iterdir())
