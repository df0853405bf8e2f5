"""Several hooks that save checkpoints in a phase, and one of the user's."""

import pytest
import torch
from mmengine.hooks import CheckpointHook, Hook
from sequences import train, weights


class LeaveHook(Hook):
    """Interrupts after the first epoch."""

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise KeyboardInterrupt


class OwnCheckpointHook(CheckpointHook):
    """A hook of the user's."""


def config(sequence_config, folder, **hook):
    """One phase of two epochs of six steps."""
    cfg = sequence_config(folder, phases=[dict(tasks=["depth"])])
    cfg.default_hooks.checkpoint.update(hook)
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    return cfg


def test_each_removes_its_own_checkpoints_only(sequence_config, tmp_path):
    cfg = config(sequence_config, tmp_path / "run", max_keep_ckpts=2)
    by_step = dict(type="CheckpointHook", by_epoch=False, interval=1, max_keep_ckpts=1)
    cfg.custom_hooks = [by_step]
    train(cfg)
    left = {path.name for path in (tmp_path / "run" / "phase_1_depth").glob("*.pth")}
    assert left == {"epoch_1.pth", "epoch_2.pth", "iter_12.pth", "depth.pth"}


def test_that_of_the_users_stores_gradients_that_accumulate(sequence_config, tmp_path):
    folders = tmp_path / "whole", tmp_path / "resumed"
    cfgs = [config(sequence_config, folder, type=OwnCheckpointHook) for folder in folders]
    for cfg in cfgs:
        cfg.optim_wrapper.accumulative_counts = 4
    train(cfgs[0])
    with pytest.raises(KeyboardInterrupt):
        train(cfgs[1], custom_hooks=[dict(type=LeaveHook)])
    train(cfgs[1], resume=True)
    whole, resumed = (weights(folder, 0) for folder in folders)
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []
