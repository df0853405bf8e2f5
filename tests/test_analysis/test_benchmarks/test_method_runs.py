"""The benchmark of methods: which runs there are, and which strength is taken."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import method_report, method_runs
from mmlhl.engine.phases import parse_phases, phase_config
from mmlhl.evaluation import LifelongRecord

from .method_samples import CONFIG, METHODS, ORDERS, finish, finish_search, method_config


@pytest.fixture
def cfg():
    return method_config()


def test_runs_of_the_search(cfg):
    runs = list(method_runs.search_runs(cfg, ["Naive", "LwF", "HAD, 5 bins"], ORDERS[0]))
    assert [(run.label, run.value) for run in runs] == [
        ("Naive", None),
        ("Joint", None),
        ("LwF", 1.0),
        ("LwF", 3.0),
        ("HAD", 1.0),  # an ablation's strength is that of the method it is one of
        ("HAD", 3.0),
    ]
    assert all(run.seed == 100 and run.searching and run.order == ORDERS[0] for run in runs)


def test_folders_tell_the_rows_of_the_config_apart(tmp_path):
    labels = Config.fromfile(CONFIG).benchmark.methods
    folders = {method_runs.Run(label, ORDERS[0], 0).folder(tmp_path) for label in labels}
    assert len(folders) == len(labels)


def test_folders_tell_runs_apart(cfg, tmp_path):
    runs = list(method_runs.search_runs(cfg, list(METHODS), ORDERS[0]))
    runs += [
        method_runs.Run(label, order, seed)
        for label in METHODS
        for order in ORDERS
        for seed in "01"
    ]
    runs = list(dict.fromkeys(runs))
    assert len({run.folder(tmp_path) for run in runs}) == len(runs)
    run = method_runs.Run("HAD, 5 bins", ("seg", "depth"), 2, 0.5)
    assert run.folder(tmp_path) == tmp_path / "runs" / "seg_depth" / "had--5-bins_0.5_seed2"


def test_a_record_counts_once_all_tasks_are_in_it(tmp_path):
    run = method_runs.Run("HAD", ("seg", "depth"), 0)
    assert run.record(tmp_path) is None
    finish(method_runs.Run("HAD", ("seg",), 0), tmp_path / "other", 1.0)
    record = LifelongRecord("HAD", 0)
    record.add_phase("seg", ["seg"], None, 1.0, {"seg/mIoU": 50.0})
    run.folder(tmp_path).mkdir(parents=True)
    record.save(run.folder(tmp_path) / "lifelong.json")
    assert run.record(tmp_path) is None
    finish(run, tmp_path, 50.0)
    assert run.record(tmp_path).values("seg", "mIoU") == [50.0, 50.0]


def test_the_best_strength_between_naive_and_joint(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, LwF_1=20.0, LwF_3=35.0, HAD_1=5.0)
    value, scores = method_runs.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    # depth is the same everywhere and says nothing
    assert value == 3.0 and scores == pytest.approx({1.0: 20.0, 3.0: 50.0})
    assert method_runs.chosen_value(cfg, "HAD, 5 bins", ORDERS[0], tmp_path)[0] == 3.0
    assert method_runs.chosen_value(cfg, "Naive", ORDERS[0], tmp_path) == (None, {})


def test_a_strength_that_nothing_can_be_said_of_is_not_taken(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, LwF_1=float("nan"), LwF_3=5.0)
    assert method_runs.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)[0] == 3.0
    finish_search(cfg, tmp_path / "flat", Naive=10.0, Joint=10.0)
    with pytest.raises(RuntimeError, match="no bounds to tell LwF's runs by"):
        method_runs.chosen_value(cfg, "LwF", ORDERS[0], tmp_path / "flat")


def test_final_runs(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, HAD_1=40.0)
    runs = list(method_runs.final_runs(cfg, ["Joint", "HAD, 5 bins"], ORDERS, [0, 1], tmp_path))
    assert runs == [
        method_runs.Run("Joint", ORDERS[0], 0),
        method_runs.Run("HAD, 5 bins", ORDERS[0], 0, 1.0),
        method_runs.Run("HAD, 5 bins", ORDERS[1], 0, 1.0),  # at the strength of the first order
        method_runs.Run("Joint", ORDERS[0], 1),
        method_runs.Run("HAD, 5 bins", ORDERS[0], 1, 1.0),
        method_runs.Run("HAD, 5 bins", ORDERS[1], 1, 1.0),
    ]


def test_the_config_of_a_run(tmp_path):
    cfg = Config.fromfile(CONFIG)
    run = method_runs.Run("HAD, 5 bins", ("depth", "seg"), 2, 10.0)
    naive = method_runs.Run("Naive", ("depth", "seg"), 2)
    finish(naive, tmp_path, 10.0)
    out = method_runs.run_config(cfg, run, tmp_path)
    assert out.model.method == dict(type="HAD", bins=5, loss_weight=10.0)
    checkpoint = str(naive.folder(tmp_path) / "phase_1_depth" / "depth.pth")
    Path(checkpoint).parent.mkdir()
    Path(checkpoint).touch()
    part = dict(train_dataloader=dict(dataset=dict(part=[1, 2])))
    assert out.phases == [
        dict(tasks=["depth"], checkpoint=checkpoint),
        dict(tasks=["seg"], cfg=part),
    ]
    assert out.randomness == dict(seed=2) and out.label == "HAD, 5 bins" and "benchmark" not in out
    for key in ("train_cfg", "train_dataloader", "optim_wrapper", "param_scheduler"):
        assert out[key] == cfg[key]  # equal budgets
    joint = method_runs.run_config(cfg, method_runs.Run("Joint", ("seg", "depth"), 0), tmp_path)
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint")]
    naive = method_runs.run_config(cfg, naive, tmp_path)
    assert naive.phases == [dict(tasks=["depth"]), dict(tasks=["seg"])]
    # images and steps are those of a run that trains its first phase itself
    for given in (out, naive):
        given.work_dir = str(tmp_path)
    mine, its = (
        phase_config(given, parse_phases(given), 1, "previous.pth") for given in (out, naive)
    )
    assert mine.train_dataloader == its.train_dataloader
    assert "benchmark" in cfg and cfg.model.method != out.model.method


@pytest.mark.parametrize(
    "name", ["rooms", "rooms_large_batch", "camvid", "cityscapes", "nyuv2", "taskonomy"]
)
def test_every_row_of_every_benchmark_is_a_valid_sequence(tmp_path, name):
    cfg = Config.fromfile(CONFIG.parent / f"{name}.py")
    heads = set(cfg.model.heads)
    for order in map(tuple, cfg.benchmark.orders):
        naive = method_runs.Run("Naive", order, 0)
        finish(naive, tmp_path, 10.0)
        checkpoint = naive.folder(tmp_path) / f"phase_1_{order[0]}" / f"{order[0]}.pth"
        checkpoint.parent.mkdir(exist_ok=True)
        checkpoint.touch()
        for label in cfg.benchmark.get("rows", cfg.benchmark.methods):
            search = method_runs.search_option(cfg, label)
            for value in search[1] if search else [None]:
                out = method_runs.run_config(cfg, method_runs.Run(label, order, 0, value), tmp_path)
                phases = parse_phases(out)
                assert phases[-1].seen == order and set(out.model.heads) == heads
    assert method_report.settings(cfg)


def test_later_phases_of_their_own(cfg, tmp_path):
    later = dict(train_cfg=dict(max_epochs=5), train_dataloader=dict(batch_size=32))
    cfg.model = dict()
    cfg.default_hooks = dict(checkpoint=dict())
    cfg.merge_from_dict(dict(benchmark=dict(later_phases=later)))
    cfg.benchmark.methods.LwF.first_phase = "Naive"
    naive = method_runs.Run("Naive", ORDERS[0], 0)
    finish(naive, tmp_path, 10.0)
    out = method_runs.run_config(cfg, naive, tmp_path)
    assert out.phases == [dict(tasks=["seg"]), dict(tasks=["depth"], cfg=later)]
    lwf = method_runs.run_config(cfg, method_runs.Run("LwF", ORDERS[0], 0, 1.0), tmp_path)
    assert lwf.phases[1].cfg.train_dataloader == dict(batch_size=32, dataset=dict(part=[1, 2]))
    assert cfg.benchmark.later_phases == later  # not touched by a run's part
    joint = method_runs.run_config(cfg, method_runs.Run("Joint", ORDERS[0], 0), tmp_path)
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint", cfg=later)]
    assert "'batch_size': 32" in method_report.settings(cfg) and str(
        later
    ) in method_report.settings(cfg)
