"""The command that measures the gradients of each loss, on a trained model."""

import copy
import runpy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmlhl.analysis.loading import load_complete

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "loss_gradients.py"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.heads.seg.decoder.num_convs": 2}, "heads.seg.decoder.convs.1.*: not in the check"),
        ({"model.backbone.depth": 34}, "backbone.layer1.2.* not in the checkpoint"),
        ({"model.data_preprocessor.mean": [0.0, 0.0, 0.0]}, "data_preprocessor.mean is"),
    ],
)
@pytest.mark.parametrize("tool", ["loss_gradients", "distillation_gradients"])
def test_a_checkpoint_of_another_model_is_refused(trained, tmp_path, tool, change, message):
    """Its weights would be random, and their gradients mean nothing."""
    cfg, _ = trained
    other = copy.deepcopy(cfg)
    other.merge_from_dict(change)
    other.dump(tmp_path / "config.py")
    path = str(Path(cfg.work_dir) / "phase_3_normal" / "normal.pth")
    paths = [path] if tool == "loss_gradients" else ["--teacher", path, "--student", path]
    with pytest.raises(ValueError, match=f"^the checkpoint .*{message}"):
        runpy.run_path(str(TOOL.with_name(f"{tool}.py")))["main"](
            [str(tmp_path / "config.py"), *paths]
        )


def test_a_plain_models_checkpoint_without_some_weights_is_refused(tmp_path):
    """mmengine only logs them for a model of mmseg itself."""
    model = dict(
        type="EncoderDecoder",
        backbone=dict(type="ResNet", depth=18, base_channels=8, norm_cfg=dict(type="BN")),
        decode_head=dict(type="FCNHead", in_channels=64, channels=4, num_classes=3, num_convs=1),
        data_preprocessor=dict(type="SegDataPreProcessor"),
    )
    cfg = Config(dict(model=model))
    init_default_scope("mmseg")
    state = MODELS.build(copy.deepcopy(model)).state_dict()
    torch.save(dict(state_dict=state), tmp_path / "whole.pth")
    load_complete(MODELS.build(copy.deepcopy(model)), str(tmp_path / "whole.pth"), cfg)
    del state["decode_head.conv_seg.bias"]
    torch.save(dict(state_dict=state), tmp_path / "part.pth")
    cfg.dump(tmp_path / "config.py")
    with pytest.raises(ValueError, match="^the checkpoint .*part.pth does .* decode_head.conv_seg"):
        runpy.run_path(str(TOOL))["main"]([str(tmp_path / "config.py"), str(tmp_path / "part.pth")])


def test_on_a_trained_model(trained, tmp_path, capsys):
    cfg, _ = trained
    single = {**cfg.to_dict(), "model": {**cfg.model.to_dict(), "tasks": ["seg"]}}
    type(cfg)(single).dump(tmp_path / "config.py")
    checkpoint = Path(cfg.work_dir) / "phase_1_seg" / "seg.pth"
    out = tmp_path / "out.md"
    runpy.run_path(str(TOOL))["main"](
        [str(tmp_path / "config.py"), str(checkpoint), "--batches", "2", "--out", str(out)]
    )
    assert "| seg.loss_ce |" in out.read_text() and "1.000" in out.read_text()
    assert "weights, mean over 2 batch(es)" in out.read_text()
    assert "acc" not in out.read_text() and "seg.loss_ce" in capsys.readouterr().out
