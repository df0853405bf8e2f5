"""A model of two weights, a runner that only reads images, and short sequences."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import DataLoader


class ToyHead(nn.Module):
    """Outputs the feature times a frozen factor; the loss is the output itself."""

    field = "toy"

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def forward(self, feats):
        return self.factor * feats[0]

    def loss(self, feats, samples):
        return {"loss_toy": self(feats).mean(), "accuracy": feats[0].detach().mean()}


class ToyModel(nn.Module):
    """One feature an image, ``w . x``, of a weight of two numbers."""

    def __init__(self, weight=(0.0, 0.0), heads=("a",), new_tasks=("a",), factors=None):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.weight = nn.Parameter(torch.tensor(weight))
        factors = factors or {}
        self.heads = nn.ModuleDict({task: ToyHead(factors.get(task, 1.0)) for task in heads})
        self.new_tasks = list(new_tasks)

    @property
    def old_tasks(self):
        return [task for task in self.heads if task not in self.new_tasks]

    def data_preprocessor(self, batch, training):
        return dict(inputs=torch.stack(batch["inputs"]), data_samples=batch["data_samples"])

    def extract_feat(self, inputs):
        return [inputs @ self.backbone.weight]


def reading_runner(items, batch_size=2):
    """Something with a train loader over ``items``, as methods need of a runner."""
    loader = DataLoader(items, batch_size=batch_size, collate_fn=pseudo_collate)
    return SimpleNamespace(train_dataloader=loader)


@pytest.fixture
def toy_model():
    """A function: :class:`ToyModel`."""
    return ToyModel


@pytest.fixture
def toy_runner():
    """A function: a runner over given inputs."""

    def make(*rows, batch_size=2):
        items = [dict(inputs=torch.tensor(row), data_samples=SegDataSample()) for row in rows]
        return reading_runner(items, batch_size)

    return make


@pytest.fixture
def image_runner(samples):
    """A function: a runner over random images with all labels."""

    def make(n=4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        made = samples(n=n, seed=seed)
        height, width = made[0].gt_sem_seg.data.shape[1:]
        items = [
            dict(
                inputs=torch.randint(
                    256, (3, height, width), generator=generator, dtype=torch.uint8
                ),
                data_samples=sample,
            )
            for sample in made
        ]
        return reading_runner(items)

    return make


@pytest.fixture
def build(model_config):
    """A function: the tiny segmentor with a method, initialised by a seed."""

    def make(method, tasks=("seg", "depth"), new_tasks=("depth",), seed=0, **changes):
        from mmengine.registry import init_default_scope

        init_default_scope("mmseg")
        torch.manual_seed(seed)
        tasks = dict(tasks=list(tasks), new_tasks=list(new_tasks))
        return MODELS.build(model_config(method=method, **tasks, **changes)).train()

    return make


@pytest.fixture
def exemplar():
    """A function: an exemplar with random image, label and output."""

    def make(phase=0, task="seg", size=(32, 48), seed=0):
        generator = torch.Generator().manual_seed(seed)
        return dict(
            phase=phase,
            image=torch.randn(3, *size, generator=generator).half(),
            valid=None,
            labels={task: torch.randint(13, (1, *size), generator=generator).to(torch.uint8)},
            outputs={task: torch.randn(13, size[0] // 4, size[1] // 4, generator=generator).half()},
        )

    return make


@pytest.fixture
def batch(samples):
    """A function: a raw training batch, as a loader gives it."""

    def make(n=2, seed=0):
        made = samples(n=n, seed=seed)
        height, width = made[0].gt_sem_seg.data.shape[1:]
        images = list(torch.randint(256, (n, 3, height, width), dtype=torch.uint8))
        return dict(inputs=images, data_samples=made)

    return make


@pytest.fixture
def two_phases(sequence_config, model_config, tmp_path):
    """A function: a sequence of two phases with a method, and its results."""
    from mmlhl.engine import LifelongRunner

    def run(method, phases=(("seg",), ("depth",)), **changes):
        cfg = sequence_config(
            tmp_path / "run",
            model=model_config(method=method),
            phases=[dict(tasks=list(tasks)) for tasks in phases],
            train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
            param_scheduler=None,
            **changes,
        )
        record = LifelongRunner.from_cfg(cfg).train()
        checkpoints = [
            torch.load(os.path.join(cfg.work_dir, phase["checkpoint"]), weights_only=True)
            for phase in record.phases
        ]
        return SimpleNamespace(cfg=cfg, record=record, checkpoints=checkpoints)

    return run


def same(first, second):
    """Whether two states hold the same tensors, numbers and names."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(
            first.nan_to_num(-1.0), second.nan_to_num(-1.0)
        )
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


@pytest.fixture
def round_trip(tmp_path):
    """A function: a method's state through a file that is loaded with weights only."""

    def check(method, other):
        path = tmp_path / "state.pth"
        torch.save(method.state_dict(), path)
        other.load_state_dict(torch.load(path, weights_only=True))
        assert same(method.state_dict(), other.state_dict())
        return other

    return check
