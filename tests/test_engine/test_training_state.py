"""Training states that are damaged, of another form, or hostile."""

import copy

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmlhl.engine.training_state import state_problem

NAN = float("nan")


def sound():
    """A checkpoint such as training writes."""
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    weight.grad = torch.ones(2)
    optimizer.step()
    info = dict(last_ckpt="/there/epoch_1.pth", best_ckpt=None, best_score=0.5, keep_ckpt_ids=[1])
    return dict(
        meta=dict(
            epoch=1,
            iter=2,
            seed=3,
            processes=dict(number=2, images=2, steps=4),
            image_set=dict(images=8, names="ab"),
        ),
        state_dict=dict(weight=torch.ones(2)),
        optimizer=optimizer.state_dict(),
        param_schedulers=[dict(last_step=2)],
        ema_state_dict=dict(weight=torch.ones(2), steps=torch.tensor(2)),
        rank_states=[dict(buffers=dict(mean=torch.zeros(2)), copies=[{}], gradients={})] * 2,
        message_hub=dict(
            log_scalars={"train/loss": HistoryBuffer([0.5, 0.25], [1, 1])},
            runtime_info=info,
            resumed_keys={"train/loss": True},
        ),
    )


def test_what_training_writes_is_accepted():
    assert state_problem(sound()) is None
    few = {key: sound()[key] for key in ("meta", "state_dict", "optimizer", "message_hub")}
    few["meta"] = dict(epoch=0, iter=0)
    assert state_problem(few) is None


def spoilt_history(**changes):
    buffer = HistoryBuffer([1.0], [1])
    vars(buffer).update(changes)
    return buffer


@pytest.mark.parametrize(
    "place, value, wanted",
    [
        ("meta", 3, "no training state"),
        ("message_hub", None, "no training state"),
        ("optimizer", ..., "save_optimizer=False"),
        ("meta.epoch", "1", "meta.epoch is '1'"),
        ("meta.epoch", -1, "meta.epoch is -1"),
        ("meta.iter", 10**40, "meta.iter is a huge number"),
        ("meta.iter", torch.ones(2), "meta.iter is Tensor"),
        ("meta.iter", True, "meta.iter is True"),
        ("meta.seed", [1], "meta.seed is list"),
        ("meta.processes", 2, "meta.processes"),
        ("meta.processes.images", 0, "meta.processes"),
        ("meta.processes.steps", ..., "meta.processes"),
        ("meta.image_set", ["a"], "meta.image_set"),
        ("message_hub", [], "message_hub.log_scalars"),
        ("message_hub.resumed_keys", ..., "message_hub.resumed_keys"),
        ("message_hub.runtime_info", "x", "message_hub.runtime_info"),
        ("message_hub.log_scalars.x", spoilt_history(_log_history="ab"), "log_scalars['x']"),
        ("message_hub.log_scalars.x", spoilt_history(_count_history=None), "log_scalars['x']"),
        (
            "message_hub.log_scalars.x",
            spoilt_history(_log_history=np.array(["a"])),
            "log_scalars['x']",
        ),
        ("message_hub.runtime_info.best_ckpt", "/work/..", "best_ckpt"),
        ("message_hub.runtime_info.best_ckpt_seg/mIoU", ".", "best_ckpt_seg/mIoU"),
        ("message_hub.runtime_info.last_ckpt", "/work/", "last_ckpt"),
        ("message_hub.runtime_info.last_ckpt", 7, "last_ckpt"),
        ("message_hub.runtime_info.best_score", "high", "best_score"),
        ("message_hub.runtime_info.keep_ckpt_ids", ["../../x"], "keep_ckpt_ids"),
        ("message_hub.runtime_info.keep_ckpt_ids", "12", "keep_ckpt_ids"),
        ("kept_checkpoints", [1], "kept_checkpoints is no dict"),
        (
            "kept_checkpoints",
            {"a": {"best_ckpt": "/work/.."}},
            "kept_checkpoints has the best_ckpt",
        ),
        ("optimizer", [1], "optimizer is list"),
        ("optimizer.state", [1], "optimizer.state"),
        ("optimizer.state.0", "x", "optimizer.state"),
        ("optimizer.param_groups", "x", "optimizer.param_groups"),
        ("optimizer.param_groups.0.lr", ..., "lr None"),
        ("optimizer.param_groups.0.lr", NAN, "lr nan"),
        ("optimizer.param_groups.0.lr", "0.1", "lr '0.1'"),
        ("optimizer.param_groups.0.lr", -0.1, "lr -0.1"),
        ("optimizer", dict(a=dict(state={}, param_groups=[{}])), "optimizer.a.param_groups"),
        ("optimizer.loss_scaler", "x", "optimizer.loss_scaler holds no"),
        ("optimizer.loss_scaler", dict(scale=NAN), "optimizer.loss_scaler holds no"),
        ("optimizer.loss_scaler", dict(scale=0.0), "optimizer.loss_scaler.scale is 0.0"),
        ("param_schedulers", "x", "param_schedulers is 'x'"),
        ("param_schedulers.0", 4, "param_schedulers[0] holds no counts"),
        ("param_schedulers.0.last_step", "2", "param_schedulers[0] holds no counts"),
        ("param_schedulers.0.base_values", [NAN], "param_schedulers[0].base_values"),
        ("param_schedulers.0._last_value", 3, "param_schedulers[0]._last_value"),
        ("param_schedulers.0.step", "x", "replaces step"),
        ("param_schedulers", dict(a=[3]), "param_schedulers.a[0]"),
        ("ema_state_dict", 1, "ema_state_dict is 1"),
        ("rank_states", {}, "rank_states is dict"),
        ("rank_states", [3], "rank_states[0]"),
        ("rank_states", [dict(buffers=3)], "rank_states[0]"),
        ("optimizer.state.0.momentum_buffer", torch.tensor([1, NAN]), "optimizer.state.0"),
        ("ema_state_dict.weight", torch.tensor([1, NAN]), "ema_state_dict.weight is not finite"),
        (
            "rank_states",
            [dict(buffers=dict(mean=torch.tensor(NAN)))],
            "rank_states[0].buffers.mean is not finite",
        ),
        (
            "rank_states",
            [dict(gradients=dict(weight=torch.tensor(NAN)))],
            "rank_states[0].gradients.weight is not finite",
        ),
        ("rank_states", [dict(scales=[0.0])], "rank_states[0].scales holds no"),
        ("rank_states", [dict(scales=["1"])], "rank_states[0].scales holds no"),
    ],
)
def test_anything_else_is_named(place, value, wanted):
    content = copy.deepcopy(sound())
    node, (*parents, last) = content, place.split(".")
    for part in parents:
        node = node[int(part) if part.isdigit() else part]
    last = int(last) if last.isdigit() else last
    if value is ...:
        del node[last]
    else:
        node[last] = value
    assert wanted in (state_problem(content) or "")
