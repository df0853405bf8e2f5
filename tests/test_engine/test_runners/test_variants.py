"""Sequences with averaged weights, by iterations, with several tasks per phase."""

import copy
import gc
import os
import weakref
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS, RUNNERS
from sequences import train, weights

ALIVE = []


@HOOKS.register_module()
class AliveHook(Hook):
    """Records how many models of earlier phases are still in memory."""

    models = []

    def before_train(self, runner):
        gc.collect()
        ALIVE.append(sum(model() is not None for model in self.models))
        self.models.append(weakref.ref(runner.model))


def test_no_model_of_an_earlier_phase_stays_in_memory(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", custom_hooks=[dict(type="AliveHook")])
    cfg.train_cfg.max_epochs = 1
    train(cfg)
    assert ALIVE == [0, 0, 0]


@pytest.mark.parametrize("method", ["Naive", "LwF"])
def test_with_ema_and_gradient_accumulation(sequence_config, tmp_path, method):
    cfg = sequence_config(
        tmp_path / "run",
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        custom_hooks=[dict(type="EMAHook", momentum=0.3)],
    )
    cfg.model.method = dict(type=method)
    cfg.optim_wrapper.accumulative_counts = 2
    record = train(cfg)
    stored = torch.load(Path(cfg.work_dir, record.phases[1]["checkpoint"]))
    averaged, last = stored["state_dict"], stored["ema_state_dict"]
    assert not any("teacher" in key for key in last)
    key = "backbone.layer4.1.conv2.weight"
    assert not torch.equal(averaged[key], last[f"module.{key}"])
    # record and file have the averaged weights
    cfg = copy.deepcopy(cfg)
    cfg.load_from = os.path.join(cfg.work_dir, record.phases[1]["checkpoint"])
    cfg.custom_hooks = []
    cfg.experiment_name += "_tested"
    results = RUNNERS.build(cfg).test()
    for task, name in (("seg", "mIoU"), ("depth", "abs_err")):
        expected = record.metrics[task][name]["values"][1]
        assert results[f"{task}/{name}"] == pytest.approx(expected, abs=1e-4)
    if method == "Naive":
        first = weights(cfg.work_dir, 0)
        for key, value in averaged.items():
            if key.startswith("heads.seg."):  # BN statistics too
                assert torch.equal(value, first[key]), key


def test_iteration_based_training(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", phases=[dict(tasks=["seg"]), dict(tasks=["depth"])])
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=3, val_interval=1000)
    cfg.train_dataloader.sampler = dict(type="InfiniteSampler", shuffle=True)
    cfg.param_scheduler = [dict(type="PolyLR", begin=0, end=3, by_epoch=False)]
    cfg.default_hooks.checkpoint.by_epoch = False
    cfg.log_processor.by_epoch = False
    assert len(train(cfg)) == 2
    assert Path(cfg.work_dir, "phase_2_depth", "iter_3.pth").exists()


def test_several_tasks_in_one_phase_and_no_test_data(sequence_config, tmp_path):
    cfg = sequence_config(
        tmp_path / "run", phases=[dict(tasks=["seg", "normal"], name="both"), dict(tasks=["depth"])]
    )
    cfg.train_cfg.max_epochs = 1
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    record = train(cfg)
    assert [phase["tasks"] for phase in record.phases] == [["seg", "normal"], ["depth"]]
    assert record.metrics == {}
    assert {key.split(".")[1] for key in weights(cfg.work_dir, 1) if "heads" in key} == {
        "seg",
        "normal",
        "depth",
    }
