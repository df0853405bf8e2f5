"""A phase that goes on with fewer steps per epoch, as with more processes."""

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import train


@HOOKS.register_module()
class BreakHook(Hook):
    """Interrupts a training of small batches after two epochs."""

    def before_train_epoch(self, runner):
        if runner.epoch == 2 and runner.train_dataloader.batch_size < 4:
            raise KeyboardInterrupt


def test_a_checkpoint_may_have_more_steps_than_the_phase_now(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", phases=[dict(tasks=["depth"])])
    cfg.train_cfg.max_epochs = 3
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.custom_hooks = [dict(type="BreakHook")]
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    assert not (tmp_path / "run" / "phase_1_depth" / "depth.pth").exists()
    cfg.train_dataloader.batch_size = 4  # all images in one step
    cfg.resume_changed = True
    train(cfg, resume=True)
    assert (tmp_path / "run" / "phase_1_depth" / "depth.pth").exists()
