"""The benchmark of methods trains unfinished runs in the right order."""

import threading

import pytest
import torch

from mmlhl.analysis.benchmarks import method_runs, method_training
from mmlhl.engine.runners import LifelongRunner
from mmlhl.evaluation import LifelongRecord

from .method_samples import ORDERS, finish, method_config


@pytest.fixture
def cfg():
    return method_config()


def test_folder_with_other_settings_is_refused(cfg, tmp_path):
    method_training.check_settings(cfg, tmp_path)
    method_training.check_settings(cfg, tmp_path / "other", tmp_path)
    cfg.train_cfg.max_epochs = 11
    with pytest.raises(SystemExit, match=r"10 epochs(.|\n)*11 epochs(.|\n)*another --work-dir"):
        method_training.check_settings(cfg, tmp_path)


@pytest.mark.parametrize("twin", ["naive", "Naive.", "-NAIVE-"])
def test_rows_that_would_share_their_runs_are_refused(cfg, tmp_path, twin):
    cfg.benchmark.methods[twin] = cfg.benchmark.methods["Naive"]
    with pytest.raises(SystemExit, match=f"rows 'Naive' and '{twin}' share the folder naive_seed0"):
        method_training.check_settings(cfg, tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_what_is_not_finished_is_trained(cfg, tmp_path, monkeypatch, capsys):
    runs = [method_runs.Run("Naive", ORDERS[0], seed) for seed in range(3)]
    finish(runs[0], tmp_path, 1.0)
    trained, lock = [], threading.Lock()

    def train(run, cfg, root, jobs, records):
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


def test_shared_first_phase_is_trained_before_the_runs_that_use_it(cfg, tmp_path, monkeypatch):
    cfg.benchmark.methods["LwF"]["first_phase"] = "Naive"
    lwf = [method_runs.Run("LwF", ORDERS[0], seed, 3.0, searching=True) for seed in (0, 1)]
    first = [method_runs.first_phase_run(cfg, run) for run in lwf]
    trained = []

    def train(run, cfg, root, jobs, records):
        trained.append(run)
        if run == first[1]:
            return 1
        finish(run, root, 2.0)
        return 0

    monkeypatch.setattr(method_training, "train", train)
    method_training.execute(lwf, cfg, tmp_path, 1, "runs")
    assert trained == [*first, lwf[0]]  # nothing to take for the second


def test_copied_first_phase_looks_like_a_stopped_run(cfg, tmp_path):
    cfg.benchmark.methods["LwF"]["first_phase"] = "Naive"
    run = method_runs.Run("LwF", ORDERS[0], 0, 3.0)
    source = method_runs.first_phase_run(cfg, run)
    finish(source, tmp_path, 7.0)
    (source.folder(tmp_path) / "phase_1_seg/seg.pth").write_bytes(b"weights")
    method_training.take_first_phase(source.folder(tmp_path), run, cfg, tmp_path)
    record = LifelongRecord.load(run.folder(tmp_path) / "lifelong.json")
    assert (record.method, record.label, len(record)) == ("LwF", "LwF", 1)
    assert record.values("seg", "mIoU") == [7.0]
    assert (run.folder(tmp_path) / "phase_1_seg/seg.pth").read_bytes() == b"weights"
    finish(run, tmp_path, 9.0)  # a run that is further on is not changed
    method_training.take_first_phase(source.folder(tmp_path), run, cfg, tmp_path)
    assert len(run.record(tmp_path)) == 2


def test_records_of_finished_runs_count_on_any_machine(cfg, tmp_path, monkeypatch):
    here, there, records = tmp_path / "here", tmp_path / "there", tmp_path / "records"
    monkeypatch.setattr(method_training.running, "train_config", lambda *args, **options: 0)
    cfg.model, cfg.default_hooks = dict(), dict(checkpoint=dict())
    run = method_runs.Run("HAD", ORDERS[0], 0, 0.3)
    finish(run, here, 5.0)
    assert method_training.train(run, cfg, here, 1, records) == 0
    assert method_training.restore(records, there) == 1
    record = run.record(there)
    assert record.values("seg", "mIoU") == [5.0, 5.0] and record.extra["commit"]
    assert method_training.restore(records, there) == 0
    # a shared first phase needs its model, which is not in the records
    assert method_training.is_complete(run, here) and not method_training.is_complete(run, there)


def test_search_ends_if_one_of_its_runs_fails(cfg, tmp_path, monkeypatch):
    tried = []

    def train(run, cfg, root, jobs, records):
        tried.append(run)
        return 1

    monkeypatch.setattr(method_training, "train", train)
    method_training.search(cfg, ["LwF"], ORDERS[0], tmp_path, 1, None)
    assert len(tried) == 5  # two bounds and three strengths, each once


def test_shared_first_phase_gives_the_same_result_as_training_it(sequence_config, tmp_path):
    tiny = sequence_config(tmp_path / "unused")
    tiny.disjoint_phases, tiny.train_cfg.max_epochs = True, 1
    methods = dict(
        Naive=dict(method=dict(type="Naive")),
        LwF=dict(method=dict(type="LwF"), first_phase="Naive"),
    )
    tiny.benchmark = dict(methods=methods)
    run = method_runs.Run("LwF", ORDERS[0], 3)
    source = method_runs.first_phase_run(tiny, run)

    def train(run, root):
        cfg = method_runs.run_config(tiny, run)
        cfg.work_dir, cfg.resume = str(run.folder(root)), True
        LifelongRunner.from_cfg(cfg).train()
        return run.record(root)

    alone = train(run, tmp_path / "alone")
    train(source, tmp_path)
    method_training.take_first_phase(source.folder(tmp_path), run, tiny, tmp_path)
    shared = train(run, tmp_path)
    assert shared.metrics == alone.metrics and shared.method == alone.method
    weights = [
        torch.load(run.folder(root) / record.phases[-1]["checkpoint"], weights_only=False)
        for root, record in ((tmp_path / "alone", alone), (tmp_path, shared))
    ]
    for name, tensor in weights[0]["state_dict"].items():
        assert torch.equal(tensor, weights[1]["state_dict"][name]), name
