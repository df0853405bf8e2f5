"""Several hooks that save checkpoints, each with its own."""

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from one_weight import Line, train

from mmlhl.engine.hooks import PhaseCheckpointHook
from mmlhl.engine.training_state import state_problem


def saving(interval, keep, **options):
    kind = dict(type="PhaseCheckpointHook", by_epoch=False)
    return dict(kind, interval=interval, max_keep_ckpts=keep, **options)


def numbers(folder, start):
    found = (path.stem for path in folder.glob(f"{start}_*.pth"))
    return sorted(int(stem.rpartition("_")[2]) for stem in found)


def test_hooks_with_the_same_names_keep_each_other_s_checkpoints(tmp_path):
    hooks = [saving(1, 1), saving(2, 3), saving(4, -1)]
    train([1.0] * 9, tmp_path, custom_hooks=hooks)
    assert numbers(tmp_path, "iter") == [4, 6, 8, 9]


SCORES = dict(low=[0.1, 0.2, 0.3], high=[0.8, 0.9, 0.7])


@HOOKS.register_module()
class ScoreHook(Hook):
    """Validates after each batch: ``low`` is best at the last one, ``high`` before."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        runner.train_loop._iter += 1
        metrics = {name: scores[batch_idx] for name, scores in SCORES.items()}
        runner.call_hook("after_val_epoch", metrics=metrics)
        runner.train_loop._iter -= 1


@pytest.fixture
def folder(tmp_path):
    """A folder in which two hooks with scores of their own saved checkpoints."""
    hooks = [saving(1, 1, save_best="low", rule="greater")]
    hooks += [saving(1, 2, save_best="high", rule="greater", filename_tmpl="slow_{}.pth")]
    train([1.0] * 3, tmp_path, custom_hooks=[*hooks, dict(type="ScoreHook")])
    return tmp_path


def test_each_hook_has_its_own_best_score(folder):
    assert numbers(folder, "best_low_iter") == [3] and numbers(folder, "best_high_slow") == [2]
    assert numbers(folder, "iter") == [3] and numbers(folder, "slow") == [2, 3]


@pytest.mark.parametrize(("name", "slow"), [("iter_3.pth", [1, 2]), ("slow_3.pth", [2, 3])])
def test_each_hook_goes_on_with_its_own_notes(folder, name, slow):
    """Whichever hook saved the checkpoint: ``iter_3.pth`` was saved before ``slow_3.pth``."""
    content = torch.load(folder / name)
    assert state_problem(content) is None
    runner = train([1.0], folder / "other", Line())
    runner._work_dir, runner._resume, runner._load_from = str(folder), True, str(folder / name)
    runner.message_hub.load_state_dict(content["message_hub"])
    options = dict(by_epoch=False, rule="greater")
    first = PhaseCheckpointHook(max_keep_ckpts=1, save_best="low", **options)
    second = PhaseCheckpointHook(
        max_keep_ckpts=2, save_best="high", filename_tmpl="slow_{}.pth", **options
    )
    runner._hooks = [first, second]
    for hook in runner.hooks:
        hook.after_load_checkpoint(runner, content)
    for hook in runner.hooks:
        hook.before_train(runner)
    assert list(first.keep_ckpt_ids) == [3] and list(second.keep_ckpt_ids) == slow
    best = [path.rpartition("/")[2] for path in (first.best_ckpt_path, second.best_ckpt_path)]
    assert best == ["best_low_iter_3.pth", "best_high_slow_2.pth"]
    assert numbers(folder, "best_low_iter") == [3] and numbers(folder, "best_high_slow") == [2]
    stored = dict(message_hub={})
    for hook in runner.hooks:
        hook.before_save_checkpoint(runner, stored)
    scores = [notes["best_score"] for notes in stored["kept_checkpoints"].values()]
    assert scores == [0.3, 0.9]
