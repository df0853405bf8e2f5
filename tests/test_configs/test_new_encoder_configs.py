"""Sequences whose second phase has a Transformer, compared with one that keeps its ResNet."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.engine.phases import parse_phases, phase_config

from .loading import CONFIGS, load

NAME = "rooms_seg_depth_r18_to_mit.py"
METHODS = dict(had="HAD", had_heteroakd="HADHeteroAKD", naive="Naive")
SIZE = (96, 128)


def second_phase(path, tmp_path):
    init_default_scope("mmseg")
    cfg = load(path)
    cfg.work_dir = str(tmp_path)
    phases = parse_phases(cfg)
    assert [phase.tasks for phase in phases] == [("seg",), ("depth",)]
    return phase_config(cfg, phases, 1, "phase_1_seg/seg.pth")


@pytest.mark.parametrize("folder", METHODS)
def test_the_new_encoder_learns_from_the_old_one(folder, tmp_path):
    path = CONFIGS / folder / NAME
    assert len(path.read_text().splitlines()) < 20
    cfg = second_phase(path, tmp_path)
    before = cfg.custom_hooks[-1].teacher_model
    assert before.backbone.type == "ResNet"
    assert cfg.model.backbone.type == "MixVisionTransformer" and cfg.load_from is None
    model = MODELS.build(cfg.model).train()
    assert type(model.method).__name__ == METHODS[folder]
    if model.method.needs_teacher:
        model.set_teacher(MODELS.build({**before, "tasks": ["seg"], "new_tasks": None}))
    samples = [SegDataSample(gt_depth_map=PixelData(data=torch.rand(1, *SIZE)))] * 2
    losses = model.loss(torch.randn(2, 3, *SIZE), samples)
    kept = dict(had={"loss_had_db", "loss_had_sg"}, naive=set())
    kept["had_heteroakd"] = kept["had"] | {
        *("loss_hakd", "loss_projector_student", "loss_projector_teacher")
    }
    assert {key[4:] for key in losses if key.startswith("seg.loss")} == kept[folder]
    total = sum(value for key, value in losses.items() if "loss" in key)
    assert total.isfinite()
    total.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_only_the_encoder_and_its_decoders_differ(tmp_path):
    changed = second_phase(CONFIGS / "had" / NAME, tmp_path)
    kept = second_phase(CONFIGS / "had" / "rooms_seg_depth.py", tmp_path)
    assert kept.model.backbone.type == "ResNet" and kept.load_from == "phase_1_seg/seg.pth"
    for key in ("train_dataloader", "test_dataloader", "train_cfg", "param_scheduler"):
        assert changed[key] == kept[key]
    # a Transformer needs a lower rate than the ResNet that it replaces
    assert changed.optim_wrapper.optimizer.lr == kept.optim_wrapper.optimizer.lr / 10
    differ = {key for key in changed.model if changed.model[key] != kept.model.get(key)}
    assert differ == {"backbone", "heads"}
