"""A validation that was interrupted takes place when the phase is resumed."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import train, weights

EPOCHS = []


@HOOKS.register_module()
class InterruptValidationHook(Hook):
    """Interrupts a validation; notes their metrics."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_val_epoch(self, runner):
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt

    def after_val_epoch(self, runner, metrics=None):
        EPOCHS.append((runner.epoch, metrics["depth/abs_err"]))


def test_a_validation_that_was_cut_off_takes_place(sequence_config, tmp_path):
    def config(folder, stop):
        cfg = sequence_config(folder, phases=[dict(tasks=["depth"])])
        cfg.train_cfg.max_epochs = 3
        cfg.default_hooks.checkpoint.max_keep_ckpts = 2
        cfg.val_dataloader, cfg.val_cfg = cfg.test_dataloader, dict(type="ValLoop")
        cfg.val_evaluator = cfg.test_evaluator
        cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
        cfg.default_hooks.checkpoint.update(save_best="depth/abs_err", rule="less")
        cfg.custom_hooks = [
            dict(type="InterruptValidationHook", epoch=stop),
            dict(type="EarlyStoppingHook", monitor="depth/abs_err", rule="less", patience=1),
        ]
        return cfg

    def left(folder):
        phase = Path(folder) / "phase_1_depth"
        return {p.name: p.stat().st_size for p in phase.glob("*.pth")}

    EPOCHS.clear()
    train(config(tmp_path / "whole", 9))
    expected = list(EPOCHS)
    EPOCHS.clear()
    with pytest.raises(KeyboardInterrupt):
        train(config(tmp_path / "cut", 2))
    train(config(tmp_path / "cut", 9), resume=True)
    assert EPOCHS == expected
    assert left(tmp_path / "cut").keys() == left(tmp_path / "whole").keys()
    one, other = (weights(tmp_path / name, 0) for name in ("whole", "cut"))
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
