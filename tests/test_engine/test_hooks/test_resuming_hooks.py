"""State of hooks that an uninterrupted training would have."""

import copy
from collections import deque
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from mmlhl.engine.hooks import PhaseCheckpointHook, RankStateHook, ReproducibleHook
from mmlhl.engine.hooks.missed_validation_hook import MissedValidationHook, is_due
from mmlhl.engine.runners.phase_trainer import PhaseTrainer


@pytest.fixture
def trainer(sequence_config, tmp_path):
    """A function: a trainer that resumes one phase."""

    def make(**changes):
        cfg = sequence_config(tmp_path / "phase_1_seg", **changes)
        for key in ("phases", "runner_type"):
            cfg.pop(key)
        cfg.model.tasks = cfg.model.new_tasks = ["seg"]
        cfg.train_dataloader.dataset.tasks = ["seg"]
        runner = PhaseTrainer.from_cfg(cfg)
        runner._train_loop = runner.build_train_loop(runner._train_loop)
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner._resume = True
        return runner

    return make


def hook_of(runner, kind):
    return next(hook for hook in runner.hooks if isinstance(hook, kind))


# -- the images ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (dict(images=14, digest="?"), "has 12 images, and 14 when the phase was interrupted"),
        (dict(images=12, digest="?"), "has other images, though 12 as before"),
    ],
)
def test_images_that_came_or_went_are_named(trainer, then, expected):
    runner = trainer()
    hook = hook_of(runner, ReproducibleHook)
    saved = dict(meta={})
    hook.before_save_checkpoint(runner, saved)
    assert saved["meta"]["image_set"]["images"] == 12
    hook.after_load_checkpoint(runner, saved)
    hook.before_train(runner)  # nothing has changed
    meta = dict(saved["meta"], image_set=then, processes=dict(number=1, images=2, steps=7))
    hook.after_load_checkpoint(runner, dict(meta=meta))
    with pytest.raises(ValueError, match=f"train_dataloader.dataset {expected}.*--resume-changed"):
        hook.before_train(runner)
    runner.cfg.resume_changed = True
    runner.train_loop._epoch, runner.train_loop._iter = 1, 8  # seven steps and one
    hook.after_load_checkpoint(runner, dict(meta=meta))
    hook.before_train(runner)
    assert runner.iter == 7  # of six and one


# -- position in the data ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "epoch", "iteration", "left_out", "goes_on_at"),
    [
        (None, 1, 6, 0, 6),  # six steps per epoch: at its end
        (None, 1, 8, 4, 8),  # in the middle
        (dict(number=2, images=2, steps=3), 1, 3, 0, 6),  # two processes, half as many steps
        (dict(number=2, images=2, steps=3), 1, 5, 8, 10),
        (dict(number=1, images=1, steps=12), 0, 3, 3, 1),  # an odd number: one image too few
        (dict(number=1, images=4, steps=3), 0, 3, 12, 6),  # an epoch without remaining steps
    ],
)
def test_resumes_at_the_next_image(trainer, before, epoch, iteration, left_out, goes_on_at):
    runner = trainer()
    hook = hook_of(runner, ReproducibleHook)
    meta = {} if before is None else dict(processes=before)
    hook.after_load_checkpoint(runner, dict(meta=meta))
    runner.train_loop._epoch, runner.train_loop._iter = epoch, iteration
    hook.before_train(runner)
    assert runner.iter == goes_on_at
    hook.before_train_epoch(runner)
    sampler = runner.train_dataloader.sampler
    assert len(list(sampler)) == 12 - left_out
    steps = -(-(12 - left_out) // 2)
    assert runner.iter + steps == 6 * (epoch + 1)  # the usual end of the epoch
    hook.before_train_epoch(runner)
    assert len(list(sampler)) == 12


def test_random_numbers_depend_on_the_step(trainer):
    runner = trainer()
    hook = hook_of(runner, ReproducibleHook)

    def drawn(iteration):
        runner.train_loop._iter = iteration
        hook.before_train_iter(runner, 0)
        return torch.rand(2).tolist()

    first = drawn(3)
    assert drawn(4) != first
    torch.rand(7)
    assert drawn(3) == first


# -- state of each process -------------------------------------------------------------------
def states(*means):
    return [dict(buffers={"bn.running_mean": torch.full((2,), mean)}, copies=[]) for mean in means]


def fake_runner(model):
    optim = SimpleNamespace(_inner_count=1, _accumulative_counts=2)
    return SimpleNamespace(model=model, hooks=[], optim_wrapper=optim, _resume=True)


@pytest.mark.parametrize(("rank", "world", "mean"), [(0, 2, 1.0), (1, 2, 3.0), (0, 1, 2.0)])
def test_each_rank_gets_its_statistics_back(monkeypatch, rank, world, mean):
    where = "mmlhl.engine.hooks.rank_state_hook."
    monkeypatch.setattr(where + "get_rank", lambda: rank)
    monkeypatch.setattr(where + "get_world_size", lambda: world)
    checkpoint = dict(state_dict={"bn.running_mean": torch.zeros(2)}, rank_states=states(1.0, 3.0))
    RankStateHook().after_load_checkpoint(fake_runner(nn.Linear(1, 1)), checkpoint)
    assert checkpoint["state_dict"]["bn.running_mean"].tolist() == [mean, mean]


def test_gradients_that_wait_for_more_are_kept():
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    expected = model.weight.grad.clone()
    hook, runner, checkpoint = RankStateHook(), fake_runner(model), dict(state_dict={})
    hook.before_checkpoint(runner)
    hook.before_save_checkpoint(runner, checkpoint)
    model.zero_grad()
    again = RankStateHook()
    again.after_load_checkpoint(runner, copy.deepcopy(checkpoint))
    again.before_train(runner)
    assert torch.equal(model.weight.grad, expected)
    runner.optim_wrapper._inner_count = 2  # no gradients are accumulated
    hook.before_checkpoint(runner)
    hook.before_save_checkpoint(runner, other := {})
    assert other == {}


# -- validation ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("epoch", "iteration", "due"), [(0, 0, False), (1, 6, False), (2, 12, True), (2, 13, False)]
)
def test_validation_after_every_second_epoch(trainer, epoch, iteration, due):
    runner = trainer(train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=4, val_interval=2))
    assert isinstance(runner.train_loop, EpochBasedTrainLoop)
    runner.train_loop._epoch, runner.train_loop._iter = epoch, iteration
    assert is_due(runner) is due
    runner.train_loop.dynamic_milestones, runner.train_loop.dynamic_intervals = [0, 2], [2, 5]
    assert is_due(runner) is False  # from the second epoch on every fifth


def test_early_stopping_counter_is_restored():
    def runner():
        return SimpleNamespace(hooks=[EarlyStoppingHook("seg/mIoU")], _resume=True)

    before, after, checkpoint = runner(), runner(), {}
    before.hooks[0].wait_count, before.hooks[0].best_score = 3, torch.tensor(0.5)
    MissedValidationHook().before_save_checkpoint(before, checkpoint)
    MissedValidationHook().after_load_checkpoint(after, checkpoint)
    assert (after.hooks[0].wait_count, after.hooks[0].best_score) == (3, 0.5)


# -- files -----------------------------------------------------------------------------------
def test_best_checkpoints_follow_a_moved_folder(trainer, tmp_path):
    """A copy must not remove the best checkpoint of the original."""
    runner = trainer()
    original = tmp_path / "original" / "best_seg_mIoU_epoch_1.pth"
    original.parent.mkdir()
    original.write_bytes(b"weights")
    runner.message_hub.update_info("best_ckpt", str(original))
    runner.message_hub.update_info("best_score", 0.1)
    hook = PhaseCheckpointHook(save_best="seg/mIoU", rule="greater")
    hook.before_train(runner)
    here = tmp_path / "phase_1_seg" / original.name
    assert hook.best_ckpt_path == runner.message_hub.get_info("best_ckpt") == str(here)
    here.write_bytes(b"weights")
    hook.last_ckpt, hook.keep_ckpt_ids = None, deque()
    hook.after_val_epoch(runner, {"seg/mIoU": 0.2})
    assert original.exists() and not here.exists()
    assert (tmp_path / "phase_1_seg" / "best_seg_mIoU_epoch_0.pth").exists()


@pytest.mark.parametrize(
    ("best", "left"),
    [
        ("best_seg_mIoU_epoch_2.pth", {"best_seg_mIoU_epoch_2.pth"}),
        ("best_seg_mIoU_epoch_9.pth", {f"best_seg_mIoU_epoch_{n}.pth" for n in (1, 2, 3)}),
        (None, set()),
    ],
    ids=["noted", "gone", "none"],
)
@pytest.mark.parametrize("rules", [["seg/mIoU"], ["seg/mIoU", "seg/aAcc"], "auto"])
def test_best_checkpoints_that_a_kill_left_go_on_resume(trainer, tmp_path, best, left, rules):
    runner = trainer()
    folder = tmp_path / "phase_1_seg"
    (folder / ".training").write_text("0123456789abcdef")
    others = {"best_seg_mIoU_epoch_0.pth", "best_seg_mIoU_epoch_1.pth.mine", "epoch_1.pth"}
    for name in {f"best_seg_mIoU_epoch_{n}.pth" for n in (1, 2, 3)} | others:
        training = "fedcba9876543210" if name.endswith("_0.pth") else "0123456789abcdef"
        torch.save(dict(state_dict={}, meta=dict(training=training)), folder / name)
    (folder / "best_seg_mIoU_epoch_4.pth").write_bytes(b"cut")
    key = "best_ckpt_seg/mIoU" if len(rules) == 2 else "best_ckpt"
    runner.message_hub.update_info(key, best and str(folder / best))
    PhaseCheckpointHook(save_best=rules, rule="greater").before_train(runner)
    found = {path.name for path in folder.glob("*.pth*")}
    assert found == left | others | {"best_seg_mIoU_epoch_4.pth"}
