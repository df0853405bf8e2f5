"""Every config that is shipped loads, builds and takes a training step in each kind of phase.

Configs that differ in data or schedule alone share a step. Each network takes one with all its
channels; another order of tasks, method or teacher then takes one with fewer.
"""

import copy
import json

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.engine.phases import phase_config
from mmlhl.models.heads import BinaryHead, DepthHead, NormalHead, SegmentationHead

from . import networks
from .loading import CONFIGS, LEAVES, load, sequence

SIDE = 32
FULL, TAKEN = set(), {}


def name(path):
    return str(path.relative_to(CONFIGS).with_suffix(""))


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


def smaller(model):
    """The config of a step: the first time with all channels, then with fewer."""
    if model["type"] == "DistilledSegmentor":  # its networks have configs of their own
        teacher = load(model["teacher"]["config"]).model.to_dict()
        pair = dict(student=model["student"], teacher=teacher)
        pair = {name: networks.few_layers(each) for name, each in pair.items()}
        return networks.few_classes({**model, **pair, "teacher": dict(config=pair["teacher"])})
    if model["type"] != "LifelongSegmentor":  # depth changes no shape
        return networks.few_classes(networks.few_layers(model))
    key = json.dumps(networks.network(model), default=str, sort_keys=True)
    if key not in FULL or "hakd" in model["method"]:  # the latter names channels of the network
        FULL.add(key)
        return model
    return networks.narrow(model)


def step(cfg):
    """One step of the config's own optimiser; its losses."""
    model_cfg, teacher = cfg.model.to_dict(), None
    if "tasks" in model_cfg:  # in any order of old tasks
        new = model_cfg["new_tasks"]
        model_cfg["tasks"] = sorted(model_cfg["tasks"], key=lambda task: (task in new, task))
        old = [task for task in model_cfg["tasks"] if task not in new]
        if old:
            hook = (cfg.get("custom_hooks") or [{}])[-1]
            teacher = smaller({**model_cfg, **hook.get("teacher_model", {})})
            teacher.update(tasks=old, new_tasks=None, method=dict(type="Naive"))
            networks.without_pretraining(teacher, SIDE)
    model_cfg = smaller(model_cfg)
    networks.without_pretraining(model_cfg, SIDE)
    key = json.dumps([model_cfg, cfg.optim_wrapper, teacher], default=str, sort_keys=True)
    if key not in TAKEN:
        torch.manual_seed(0)
        model = MODELS.build(model_cfg).train()
        if teacher is not None:
            model.set_teacher(MODELS.build(teacher))
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
def test_training_step(path):
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) < 20
    cfg = load(path)
    init_default_scope(cfg.default_scope)
    assert cfg.custom_imports["imports"] == ["mmlhl"]
    if "phases" not in cfg:
        assert torch.isfinite(torch.tensor(list(step(cfg).values()))).all()
        return
    cfg, phases = sequence(path)
    for index in {0, len(phases) - 1}:
        losses = step(phase_config(cfg, phases, index, "previous.pth" if index else None))
        assert torch.isfinite(torch.tensor(list(losses.values()))).all()
        tasks = {key.split(".")[0] for key in losses if "." in key}
        assert set(phases[index].tasks) <= tasks
