"""A model of one weight whose losses are the values of its images, and its training."""

import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.optim import SGD

from mmlhl.engine.hooks.finite_hook import FiniteHook


class Line(BaseModel):
    """One weight; the loss is the weight times the batch's value."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.other = nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs, data_samples=None, mode="loss"):
        factor = torch.stack(list(inputs)).mean()
        # the gradient of sqrt at 0 is infinite, its value is not
        return {
            "depth.loss_l1": self.weight * factor,
            "seg.loss_had_db": (self.other * 0 + factor.eq(7.0).logical_not()).sqrt(),
        }


def batch(value, name):
    sample = BaseDataElement(metainfo=dict(img_path=name))
    return dict(inputs=torch.tensor(value), data_samples=sample)


class TwoOptimizers(Line):
    """Each weight has its own optimiser."""

    def train_step(self, data, optim_wrapper):
        data = self.data_preprocessor(data, True)
        losses = self._run_forward(data, mode="loss")
        names = dict(weight="depth.loss_l1", other="seg.loss_had_db")
        for name, wrapper in optim_wrapper.items():
            wrapper.update_params(losses[names[name]])
        return self.parse_losses(losses)[1]


class Pair(TwoOptimizers):
    """Each weight's loss has an infinite gradient at a value of its own, 5 or 7."""

    def forward(self, inputs, data_samples=None, mode="loss"):
        factor = torch.stack(list(inputs)).mean()

        def loss(weight, worst):
            return weight * factor + (weight * 0 + factor.eq(worst).logical_not()).sqrt()

        return {"depth.loss_l1": loss(self.weight, 5.0), "seg.loss_had_db": loss(self.other, 7.0)}


def two_optimizers(model, wrap=OptimWrapper, optimizer=SGD, **options):
    return OptimWrapperDict(
        **{
            name: wrap(optimizer=optimizer([weight], lr=0.1), **options)
            for name, weight in model.named_parameters()
        }
    )


def train(values, tmp_path, model=None, **options):
    """Train on single images; gives the runner, whose hook and model show what happened."""
    data = [batch(value, f"image_{i}.png") for i, value in enumerate(values)]
    collate = dict(type="pseudo_collate")
    wrapper = {"optimizer": dict(type="SGD", lr=0.1), **options.pop("optim_wrapper", {})}
    if isinstance(model, TwoOptimizers):
        wrapper = options.pop("wrappers", None) or two_optimizers(model, **options.pop("each", {}))
    runner = Runner(
        model=model or Line(),
        work_dir=str(tmp_path),
        experiment_name="run_phase_2_depth",
        train_dataloader=dict(
            dataset=data,
            sampler=dict(type="DefaultSampler", shuffle=False),
            collate_fn=collate,
            batch_size=1,
            num_workers=0,
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=wrapper,
        custom_hooks=[*options.pop("custom_hooks", []), dict(type="FiniteHook", **options)],
        default_hooks=dict(checkpoint=None, logger=None),
        log_level="ERROR",
        default_scope="mmseg",
    )
    (runner.hook,) = [hook for hook in runner.hooks if isinstance(hook, FiniteHook)]
    runner.train()
    return runner


class Normalised(Line):
    """A line behind batch normalisation, whose buffers a batch may spoil."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1)

    def forward(self, inputs, data_samples=None, mode="loss"):
        value = torch.stack(list(inputs)).view(-1, 1)
        self.norm(torch.cat([value, value + 1]))
        return {"depth.loss_l1": self.weight * value.mean()}
