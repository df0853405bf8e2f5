"""The benchmark of methods trains what is not finished, in the right order."""

import threading

import pytest

from mmlhl.analysis.benchmarks import method_runs, method_training

from .method_samples import ORDERS, finish, method_config


@pytest.fixture
def cfg():
    return method_config()


def test_a_folder_is_of_one_budget(cfg, tmp_path):
    method_training.check_settings(cfg, tmp_path)
    method_training.check_settings(cfg, tmp_path)
    cfg.train_cfg.max_epochs = 11
    with pytest.raises(SystemExit, match=r"10 epochs(.|\n)*11 epochs(.|\n)*another --work-dir"):
        method_training.check_settings(cfg, tmp_path)


def test_only_what_is_not_finished_is_trained(cfg, tmp_path, monkeypatch, capsys):
    runs = [method_runs.Run("Naive", ORDERS[0], seed) for seed in range(3)]
    finish(runs[0], tmp_path, 1.0)
    trained, lock = [], threading.Lock()

    def train(run, cfg, root, jobs):
        with lock:
            trained.append(run)
        if run.seed == 1:
            return 1
        finish(run, root, 2.0)
        return 0

    monkeypatch.setattr(method_training, "train", train)
    method_training.execute([*runs, runs[2]], cfg, tmp_path, 2, "runs")
    assert sorted(run.seed for run in trained) == [1, 2]
    shown = capsys.readouterr().out.replace("\n", "")
    assert "failed" in shown and "naive_seed1" in shown
    method_training.execute(runs, cfg, tmp_path, 1, "runs")
    assert [run.seed for run in trained[2:]] == [1]


def test_a_shared_first_phase_is_trained_before_what_takes_it(cfg, tmp_path, monkeypatch):
    cfg.benchmark.methods["LwF"]["first_phase"] = "Naive"
    lwf = [method_runs.Run("LwF", ORDERS[0], seed, 3.0, searching=True) for seed in (0, 1)]
    trained = []

    def train(run, cfg, root, jobs):
        trained.append(run)
        if run == naive[1]:
            return 1
        finish(run, root, 2.0)
        return 0

    naive = [method_runs.first_phase_run(cfg, run) for run in lwf]
    assert naive == [method_runs.Run("Naive", ORDERS[0], seed, searching=True) for seed in (0, 1)]
    assert method_runs.first_phase_run(cfg, naive[0]) is None
    monkeypatch.setattr(method_training, "train", train)
    method_training.execute(lwf, cfg, tmp_path, 1, "runs")
    assert trained == [*naive, lwf[0]]  # nothing to take for the second
