"""The benchmark of methods: its runs and their configs."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmlhl.analysis.benchmarks import method_report, method_runs, method_search
from mmlhl.engine.phases import parse_phases, phase_config
from mmlhl.evaluation import LifelongRecord

from .method_samples import CONFIG, METHODS, ORDERS, finish, method_config


@pytest.fixture
def cfg():
    return method_config()


def test_rows_of_a_config_have_different_folders(tmp_path):
    labels = Config.fromfile(CONFIG).benchmark.methods
    folders = {method_runs.Run(label, ORDERS[0], 0).folder(tmp_path) for label in labels}
    assert len(folders) == len(labels)


def test_runs_have_different_folders(cfg, tmp_path):
    runs = method_search.wanted_runs(cfg, list(METHODS), ORDERS[0], Path("nowhere"))
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


def test_record_is_complete_once_it_has_all_tasks(tmp_path):
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


def test_the_config_of_a_run():
    cfg = Config.fromfile(CONFIG)
    out = method_runs.run_config(cfg, method_runs.Run("HAD, 5 bins", ("depth", "seg"), 2, 10.0))
    assert out.model.method == dict(type="HAD", bins=5, loss_weight=10.0)
    assert out.phases == [dict(tasks=["depth"]), dict(tasks=["seg"])]
    assert out.randomness == dict(seed=2) and out.label == "HAD, 5 bins" and "benchmark" not in out
    for key in ("train_cfg", "train_dataloader", "optim_wrapper", "param_scheduler"):
        assert out[key] == cfg[key]  # equal budgets
    joint = method_runs.run_config(cfg, method_runs.Run("Joint", ("seg", "depth"), 0))
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint")]
    assert not joint.disjoint_phases
    assert "benchmark" in cfg and cfg.model.method != out.model.method


def images_of(cfg, run, folder):
    """The part of the images that each phase of a run trains on."""
    out = method_runs.run_config(cfg, run)
    out.work_dir = str(folder)
    phases = parse_phases(out)
    parts = [
        phase_config(out, phases, phase.index, "previous.pth").train_dataloader.dataset.part
        for phase in phases
    ]
    return [tuple(part) for part in parts]


def test_runs_of_some_phases_use_their_part_of_the_images(tmp_path):
    cfg = Config.fromfile(CONFIG)
    whole = method_runs.Run("LwF", ("seg", "depth", "normal"), 0, 1.0)
    parts = images_of(cfg, whole, tmp_path)
    assert parts == [(0, 3), (1, 3), (2, 3)]
    first = method_runs.first_phase_run(cfg, whole)
    assert first == method_runs.Run("Naive", ("seg",), 0, parts=3, first=True)
    assert method_runs.first_phase_run(cfg, first) is None
    assert images_of(cfg, first, tmp_path) == parts[:1]
    single = method_runs.Run("Single", ("depth",), 0, parts=3, part=1)
    assert images_of(cfg, single, tmp_path) == parts[1:2]
    begun = method_runs.Run("LwF", ("seg", "depth"), 0, 1.0, searching=True, parts=3)
    assert images_of(cfg, begun, tmp_path) == parts[:2]
    folders = {run.folder(tmp_path) for run in (whole, first, single, begun)}
    assert len(folders) == 4


def test_options_of_parts_are_set_by_dotted_names():
    method = dict(type="Composite", methods=[dict(type="LwF"), dict(type="SGP")])
    method_runs.set_option(method, "methods.1.alpha", 3.0)
    assert method["methods"] == [dict(type="LwF"), dict(type="SGP", alpha=3.0)]


BENCHMARKS = [path.stem for path in CONFIG.parent.glob("*.py") if "heteroakd" not in path.stem]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_row_of_every_benchmark_is_a_valid_sequence(name):
    cfg = Config.fromfile(CONFIG.parent / f"{name}.py")
    heads = set(cfg.model.heads)
    rows = list(cfg.benchmark.get("rows", cfg.benchmark.methods))
    rows = rows if name == "rooms" else rows[::5]  # they come from one list
    for number, order in enumerate(map(tuple, cfg.benchmark.orders)):
        for label in rows[:2] if number else rows:
            search = method_runs.search_option(cfg, label)
            value = search[1][0] if search else None  # its size changes nothing here
            out = method_runs.run_config(cfg, method_runs.Run(label, order, 0, value))
            phases = parse_phases(out)
            assert phases[-1].seen == order and set(out.model.heads) == heads
    assert method_report.settings(cfg)


def test_settings_of_later_phases(cfg):
    later = dict(train_cfg=dict(max_epochs=5), train_dataloader=dict(batch_size=32))
    cfg.model = dict()
    cfg.default_hooks = dict(checkpoint=dict())
    cfg.merge_from_dict(dict(benchmark=dict(later_phases=later)))
    out = method_runs.run_config(cfg, method_runs.Run("LwF", ORDERS[0], 0, 1.0))
    assert out.phases == [dict(tasks=["seg"]), dict(tasks=["depth"], cfg=later)]
    single = method_runs.Run("LwF", ("depth",), 0, 1.0, parts=2, part=1)
    (phase,) = method_runs.run_config(cfg, single).phases
    assert phase.cfg.train_dataloader == dict(batch_size=32, dataset=dict(part=[1, 2]))
    assert cfg.benchmark.later_phases == later  # not touched by a run's part
    joint = method_runs.run_config(cfg, method_runs.Run("Joint", ORDERS[0], 0))
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint", cfg=later)]
    assert "'batch_size': 32" in method_report.settings(cfg)
