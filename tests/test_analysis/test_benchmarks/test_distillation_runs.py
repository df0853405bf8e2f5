"""The benchmark of distillation between architectures: its runs and their budgets."""

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import (
    distillation_runs,
)

from .distillation_samples import CONFIGS, METHODS


@pytest.fixture(params=["rooms", "camvid"])
def cfg(request):
    return Config.fromfile(CONFIGS / f"heteroakd_{request.param}.py")


def test_both_directions_all_methods_and_seeds(cfg, tmp_path):
    runs = distillation_runs.all_runs(cfg, [0, 1, 2], METHODS)
    assert len(set(runs)) == len(runs) == 2 * 4 * 3
    assert len({run.folder(tmp_path) for run in runs}) == len(runs)
    assert [run.seed for run in runs] == [0] * 8 + [1] * 8 + [2] * 8
    assert all(run.file.is_file() for run in runs)
    taught = [run for run in runs if run.teacher]
    assert {run.config.split("/")[0] for run in taught} == {"kd", "cwd", "heteroakd"}
    teachers = {run.teacher_run for run in taught}
    assert len(teachers) == 2  # one per architecture, shared by three methods and three seeds
    assert all(t.file.is_file() and t.teaches and t.teacher_run is None for t in teachers)
    for run in taught:
        cnn = "deeplab" in run.config.split("_from_")[0]
        assert ("segformer" in run.teacher) == cnn
        assert run.teacher_run.seed == 0


def test_equal_budgets_and_longer_teachers(cfg, tmp_path):
    runs = distillation_runs.all_runs(cfg, [1], METHODS)
    configs = [distillation_runs.run_config(cfg, run, tmp_path) for run in runs]
    first = configs[0]
    epochs = cfg.benchmark.epochs
    for run, out in zip(runs, configs, strict=True):
        differ = {key for key in out if out[key] != first.get(key)} | (set(first) - set(out))
        assert differ <= {"model"} and "benchmark" not in out
        assert out.train_cfg.max_epochs == out.train_cfg.val_begin == epochs["student"]
        assert out.param_scheduler[-1].end == epochs["student"]
        assert out.randomness == dict(seed=1)
        plain = out.model.get("student", out.model)
        assert plain.data_preprocessor == cfg.model.data_preprocessor
        if run.teacher:
            folder = run.teacher_run.folder(tmp_path)
            last = folder / f"epoch_{epochs['teacher']}.pth"
            assert out.model.teacher == dict(config=str(folder / "config.py"), checkpoint=str(last))
    teacher = distillation_runs.run_config(cfg, runs[1].teacher_run, tmp_path)
    assert teacher.train_cfg.max_epochs == epochs["teacher"] > epochs["student"]
    assert teacher.param_scheduler[-1].end == epochs["teacher"]
    assert teacher.param_scheduler[0].end == first.param_scheduler[0].end == 2  # the warm-up
    assert teacher.default_hooks.checkpoint.interval == epochs["teacher"]
    assert cfg.train_cfg.max_epochs == 30  # the benchmark's own config is not changed


def test_smoke_is_short(cfg, tmp_path):
    distillation_runs.shrink(cfg)
    run = distillation_runs.all_runs(cfg, [0], ["HeteroAKD"])[0]
    out = distillation_runs.run_config(cfg, run, tmp_path)
    assert out.train_dataloader.dataset.indices == 2 * out.train_dataloader.batch_size
    assert out.val_dataloader.dataset.indices == 4
    assert out.train_cfg.max_epochs == 3 and out.model.teacher.checkpoint.endswith("epoch_3.pth")
