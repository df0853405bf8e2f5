"""Every config that is shipped loads, builds and takes a training step in each kind of phase.

Configs that differ in data or schedule alone share a step: it is taken once a model.
"""

import copy
import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.engine.phases import parse_phases, phase_config
from mmlhl.models.heads import BinaryHead, DepthHead, NormalHead, SegmentationHead

CONFIGS = Path(__file__).parents[2] / "configs"
LEAVES = sorted(p for p in CONFIGS.glob("**/*.py") if "_base_" not in p.relative_to(CONFIGS).parts)
SIDE = 32
TAKEN = {}


def name(path):
    return str(path.relative_to(CONFIGS).with_suffix(""))


def without_pretraining(node):
    """A model's config that loads nothing, at the size of the test's images."""
    if isinstance(node, dict):
        for key in ("pretrained", "checkpoint"):
            if key in node:
                node[key] = None
        if (node.get("init_cfg") or {}) and node["init_cfg"].get("type") == "Pretrained":
            node["init_cfg"] = None
        if isinstance(node.get("data_preprocessor"), dict) and "size" in node["data_preprocessor"]:
            node["data_preprocessor"]["size"] = (SIDE, SIDE)
        node = list(node.values())
    for child in node if isinstance(node, (list, tuple)) else ():
        without_pretraining(child)


def target(head):
    """A random annotation of a head's output space."""
    if isinstance(head, SegmentationHead):
        return torch.randint(head.num_classes, (1, SIDE, SIDE))
    if isinstance(head, BinaryHead):
        return torch.randint(2, (1, SIDE, SIDE))
    if isinstance(head, NormalHead):
        return torch.nn.functional.normalize(torch.randn(3, SIDE, SIDE), dim=0)
    if isinstance(head, DepthHead):
        return torch.rand(1, SIDE, SIDE) + 0.5
    return torch.rand(head.decoder.num_classes, SIDE, SIDE)


def batch(model):
    samples = [SegDataSample(metainfo=dict(img_shape=(SIDE, SIDE))) for _ in range(2)]
    for sample in samples:
        if hasattr(model, "heads"):
            # exemplar-free: a phase has the labels of its new tasks alone
            for task in model.new_tasks:
                head = model.heads[task]
                sample.set_data({f"gt_{head.field}": PixelData(data=target(head))})
        else:
            label = torch.randint(model.num_classes, (1, SIDE, SIDE))
            sample.set_data(dict(gt_sem_seg=PixelData(data=label)))
    images = [torch.randint(256, (3, SIDE, SIDE), dtype=torch.uint8) for _ in samples]
    return dict(inputs=images, data_samples=samples)


def step(cfg):
    """One step of the config's own optimiser; its losses."""
    model_cfg = copy.deepcopy(cfg.model)
    without_pretraining(model_cfg)
    # in whatever order old tasks were learned
    tasks = sorted(model_cfg.get("tasks", []), key=lambda task: (task in model_cfg.new_tasks, task))
    teacher = (cfg.get("custom_hooks") or [{}])[-1].get("teacher_model") or model_cfg
    same = [{**model_cfg.to_dict(), "tasks": tasks}, cfg.optim_wrapper.to_dict(), dict(teacher)]
    key = json.dumps(same, default=str, sort_keys=True)
    if key not in TAKEN:
        torch.manual_seed(0)
        model = MODELS.build(model_cfg).train()
        if getattr(model, "old_tasks", None):
            teacher = copy.deepcopy({**teacher, "tasks": model.old_tasks, "new_tasks": None})
            without_pretraining(teacher)
            model.set_teacher(MODELS.build({**teacher, "method": dict(type="Naive")}))
        wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
        wrapper.initialize_count_status(model, 0, 1)
        parameter = next(p for p in model.backbone.parameters() if p.requires_grad and p.dim() > 1)
        before = parameter.detach().clone()
        losses = model.train_step(batch(model), wrapper)
        assert not torch.equal(parameter, before)
        assert all(p.isfinite().all() for p in model.parameters())
        TAKEN[key] = {name: value.item() for name, value in losses.items()}
    return TAKEN[key]


def test_there_are_configs():
    assert len(LEAVES) > 50


@pytest.mark.parametrize("path", LEAVES, ids=name)
def test_training_step(path, tmp_path):
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) < 20
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    assert cfg.custom_imports["imports"] == ["mmlhl"]
    if "phases" not in cfg:
        assert torch.isfinite(torch.tensor(list(step(cfg).values()))).all()
        return
    cfg.work_dir = str(tmp_path)
    phases = parse_phases(cfg)
    for index in {0, len(phases) - 1}:
        losses = step(phase_config(cfg, phases, index, "previous.pth" if index else None))
        assert torch.isfinite(torch.tensor(list(losses.values()))).all()
        tasks = {key.split(".")[0] for key in losses if "." in key}
        assert set(phases[index].tasks) <= tasks
