"""The benchmark of methods: which runs there are, which strength is taken, what the report says."""

import os
import threading
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlhl.engine.phases import parse_phases, phase_config
from mmlhl.evaluation import LifelongRecord

CONFIG = Path(__file__).parents[2] / "configs" / "benchmarks" / "rooms.py"
METHODS = {
    "Naive": dict(method=dict(type="Naive")),
    "Joint": dict(method=dict(type="Naive"), joint=True),
    "LwF": dict(method=dict(type="LwF"), search=dict(loss_weight=[1.0, 3.0])),
    "HAD": dict(method=dict(type="HAD"), search=dict(loss_weight=[1.0, 3.0])),
    "HAD, 5 bins": dict(method=dict(type="HAD", bins=5), like="HAD"),
}
ORDERS = [("seg", "depth"), ("depth", "seg")]


@pytest.fixture
def tool(benchmark_tool):
    return benchmark_tool("methods")


@pytest.fixture
def cfg():
    benchmark = dict(orders=[list(o) for o in ORDERS], seeds=[0, 1], search_seed=100)
    shared = dict(
        train_dataloader=dict(batch_size=4, dataset=dict(data_root="data/rooms")),
        train_cfg=dict(max_epochs=10),
        optim_wrapper=dict(optimizer=dict(type="Adam", lr=0.01)),
    )
    return Config(dict(benchmark=dict(methods=METHODS, **benchmark), **shared))


def finish(run, root, miou, error=1.0):
    """Leave the record of a run as training would."""
    record = LifelongRecord(run.label, run.seed, label=run.label)
    joint = run.label == "Joint"
    for task in ["joint"] if joint else run.order:
        figures = {"seg/mIoU": miou, "depth/abs_err": error}
        tasks = list(run.order) if joint else [task]
        checkpoint = f"phase_{len(record) + 1}_{task}/{task}.pth"
        record.add_phase(task, tasks, checkpoint, 60.0, figures)
    path = run.folder(root) / "lifelong.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record.save(path)


def finish_search(tool, cfg, root, **miou):
    for run in tool.search_runs(cfg, ["LwF", "HAD"], ORDERS[0]):
        finish(run, root, miou.get(f"{run.label}_{run.value:g}" if run.value else run.label, 20.0))


def test_runs_of_the_search(tool, cfg):
    runs = list(tool.search_runs(cfg, ["Naive", "LwF", "HAD, 5 bins"], ORDERS[0]))
    assert [(run.label, run.value) for run in runs] == [
        ("Naive", None),
        ("Joint", None),
        ("LwF", 1.0),
        ("LwF", 3.0),
        ("HAD", 1.0),  # an ablation's strength is that of the method it is one of
        ("HAD", 3.0),
    ]
    assert all(run.seed == 100 and run.searching and run.order == ORDERS[0] for run in runs)


def test_folders_tell_the_rows_of_the_config_apart(tool, tmp_path):
    labels = Config.fromfile(CONFIG).benchmark.methods
    folders = {tool.Run(label, ORDERS[0], 0).folder(tmp_path) for label in labels}
    assert len(folders) == len(labels)


def test_folders_tell_runs_apart(tool, cfg, tmp_path):
    runs = list(tool.search_runs(cfg, list(METHODS), ORDERS[0]))
    runs += [tool.Run(label, order, seed) for label in METHODS for order in ORDERS for seed in "01"]
    runs = list(dict.fromkeys(runs))
    assert len({run.folder(tmp_path) for run in runs}) == len(runs)
    run = tool.Run("HAD, 5 bins", ("seg", "depth"), 2, 0.5)
    assert run.folder(tmp_path) == tmp_path / "runs" / "seg_depth" / "had--5-bins_0.5_seed2"


def test_a_record_counts_once_all_tasks_are_in_it(tool, tmp_path):
    run = tool.Run("HAD", ("seg", "depth"), 0)
    assert run.record(tmp_path) is None
    finish(tool.Run("HAD", ("seg",), 0), tmp_path / "other", 1.0)
    record = LifelongRecord("HAD", 0)
    record.add_phase("seg", ["seg"], None, 1.0, {"seg/mIoU": 50.0})
    run.folder(tmp_path).mkdir(parents=True)
    record.save(run.folder(tmp_path) / "lifelong.json")
    assert run.record(tmp_path) is None
    finish(run, tmp_path, 50.0)
    assert run.record(tmp_path).values("seg", "mIoU") == [50.0, 50.0]


def test_the_best_strength_between_naive_and_joint(tool, cfg, tmp_path):
    finish_search(tool, cfg, tmp_path, Naive=10.0, Joint=60.0, LwF_1=20.0, LwF_3=35.0, HAD_1=5.0)
    value, scores = tool.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    # depth is the same everywhere and says nothing
    assert value == 3.0 and scores == pytest.approx({1.0: 20.0, 3.0: 50.0})
    assert tool.chosen_value(cfg, "HAD, 5 bins", ORDERS[0], tmp_path)[0] == 3.0
    assert tool.chosen_value(cfg, "Naive", ORDERS[0], tmp_path) == (None, {})


def test_a_strength_that_nothing_can_be_said_of_is_not_taken(tool, cfg, tmp_path):
    finish_search(tool, cfg, tmp_path, Naive=10.0, Joint=60.0, LwF_1=float("nan"), LwF_3=5.0)
    assert tool.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)[0] == 3.0
    finish_search(tool, cfg, tmp_path / "flat", Naive=10.0, Joint=10.0)
    with pytest.raises(RuntimeError, match="no bounds to tell LwF's runs by"):
        tool.chosen_value(cfg, "LwF", ORDERS[0], tmp_path / "flat")


def test_a_folder_is_of_one_budget(tool, cfg, tmp_path):
    tool.check_settings(cfg, tmp_path)
    tool.check_settings(cfg, tmp_path)
    cfg.train_cfg.max_epochs = 11
    with pytest.raises(SystemExit, match=r"10 epochs(.|\n)*11 epochs(.|\n)*another --work-dir"):
        tool.check_settings(cfg, tmp_path)


def test_stopping_begins_nothing_more(tool, monkeypatch):
    begun = []

    def train(run):
        begun.append(run)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tool.running.execute(range(8), lambda run: False, train, lambda run: run, 1, "x")
    assert len(begun) < 8


def test_an_unfinished_search_is_named_and_its_method_left_out(tool, cfg, tmp_path):
    finish_search(tool, cfg, tmp_path, Naive=10.0, Joint=60.0)
    (lost,) = [
        r for r in tool.search_runs(cfg, ["LwF"], ORDERS[0]) if (r.label, r.value) == ("LwF", 3.0)
    ]
    os.remove(lost.folder(tmp_path) / "lifelong.json")
    with pytest.raises(RuntimeError, match=r"LwF lacks \['lwf_3_seed100'\]"):
        tool.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    runs = list(tool.final_runs(cfg, ["Naive", "LwF", "HAD"], ORDERS, [0], tmp_path))
    assert {run.label for run in runs} == {"Naive", "HAD"}
    assert list(tool.strengths(cfg, ["LwF", "HAD"], ORDERS[0], tmp_path))[0] == "LwF: not searched"


def test_final_runs(tool, cfg, tmp_path):
    finish_search(tool, cfg, tmp_path, Naive=10.0, Joint=60.0, HAD_1=40.0)
    runs = list(tool.final_runs(cfg, ["Joint", "HAD, 5 bins"], ORDERS, [0, 1], tmp_path))
    assert runs == [
        tool.Run("Joint", ORDERS[0], 0),
        tool.Run("HAD, 5 bins", ORDERS[0], 0, 1.0),
        tool.Run("HAD, 5 bins", ORDERS[1], 0, 1.0),  # at the strength of the first order
        tool.Run("Joint", ORDERS[0], 1),
        tool.Run("HAD, 5 bins", ORDERS[0], 1, 1.0),
        tool.Run("HAD, 5 bins", ORDERS[1], 1, 1.0),
    ]


def test_report_says_what_was_not_run(tool, cfg, tmp_path):
    labels = ["Naive", "Joint", "HAD"]
    finish_search(tool, cfg, tmp_path, Naive=10.0, Joint=60.0, HAD_1=40.0)
    for run in tool.final_runs(cfg, labels, ORDERS, [0, 1], tmp_path):
        if (run.label, run.seed) == ("HAD", 1) and run.order == ORDERS[1]:
            continue
        if run.label != "Joint":
            finish(run, tmp_path, dict(Naive=10.0, HAD=42.0)[run.label] + run.seed)
    text = tool.report(cfg, "the command", labels, ORDERS, [0, 1], tmp_path)
    assert "data/rooms, batch 4, 10 epochs a phase" in text and "Adam (lr 0.01)" in text
    assert "`the command`" in text and "seeds [0, 1]" in text and "with seed 100" in text
    assert "| 42.50 ± 0.71 |" in text.replace("**", "")
    assert "- HAD: loss_weight = 1 (1: 60.0, 3: 20.0)" in text
    assert "Not run: Joint on seg → depth (seeds 0, 1); HAD on depth → seg (seeds 1)." in text


def test_report_of_nothing(tool, cfg, tmp_path):
    text = tool.report(cfg, "x", ["HAD"], ORDERS[:1], [0], tmp_path)
    assert "HAD: not searched" in text and "Not run: HAD on seg → depth (seeds 0)." in text


def test_the_config_of_a_run(tool, tmp_path):
    cfg = Config.fromfile(CONFIG)
    run = tool.Run("HAD, 5 bins", ("depth", "seg"), 2, 10.0)
    naive = tool.Run("Naive", ("depth", "seg"), 2)
    finish(naive, tmp_path, 10.0)
    out = tool.run_config(cfg, run, tmp_path)
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
    joint = tool.run_config(cfg, tool.Run("Joint", ("seg", "depth"), 0), tmp_path)
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint")]
    naive = tool.run_config(cfg, naive, tmp_path)
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
def test_every_row_of_every_benchmark_is_a_valid_sequence(tool, tmp_path, name):
    cfg = Config.fromfile(CONFIG.parent / f"{name}.py")
    heads = set(cfg.model.heads)
    for order in map(tuple, cfg.benchmark.orders):
        naive = tool.Run("Naive", order, 0)
        finish(naive, tmp_path, 10.0)
        checkpoint = naive.folder(tmp_path) / f"phase_1_{order[0]}" / f"{order[0]}.pth"
        checkpoint.parent.mkdir(exist_ok=True)
        checkpoint.touch()
        for label in cfg.benchmark.get("rows", cfg.benchmark.methods):
            search = tool.search_option(cfg, label)
            for value in search[1] if search else [None]:
                out = tool.run_config(cfg, tool.Run(label, order, 0, value), tmp_path)
                phases = parse_phases(out)
                assert phases[-1].seen == order and set(out.model.heads) == heads
    assert tool.settings(cfg)


def test_later_phases_of_their_own(tool, cfg, tmp_path):
    later = dict(train_cfg=dict(max_epochs=5), train_dataloader=dict(batch_size=32))
    cfg.model = dict()
    cfg.default_hooks = dict(checkpoint=dict())
    cfg.merge_from_dict(dict(benchmark=dict(later_phases=later)))
    cfg.benchmark.methods.LwF.first_phase = "Naive"
    naive = tool.Run("Naive", ORDERS[0], 0)
    finish(naive, tmp_path, 10.0)
    out = tool.run_config(cfg, naive, tmp_path)
    assert out.phases == [dict(tasks=["seg"]), dict(tasks=["depth"], cfg=later)]
    lwf = tool.run_config(cfg, tool.Run("LwF", ORDERS[0], 0, 1.0), tmp_path)
    assert lwf.phases[1].cfg.train_dataloader == dict(batch_size=32, dataset=dict(part=[1, 2]))
    assert cfg.benchmark.later_phases == later  # not touched by a run's part
    joint = tool.run_config(cfg, tool.Run("Joint", ORDERS[0], 0), tmp_path)
    assert joint.phases == [dict(tasks=["seg", "depth"], name="joint", cfg=later)]
    assert "'batch_size': 32" in tool.settings(cfg) and str(later) in tool.settings(cfg)


def test_only_what_is_not_finished_is_trained(tool, cfg, tmp_path, monkeypatch, capsys):
    runs = [tool.Run("Naive", ORDERS[0], seed) for seed in range(3)]
    finish(runs[0], tmp_path, 1.0)
    trained, lock = [], threading.Lock()

    def train(run, cfg, root, jobs):
        with lock:
            trained.append(run)
        if run.seed == 1:
            return 1
        finish(run, root, 2.0)
        return 0

    monkeypatch.setattr(tool, "train", train)
    tool.execute([*runs, runs[2]], cfg, tmp_path, 2, "runs")
    assert sorted(run.seed for run in trained) == [1, 2]
    shown = capsys.readouterr().out.replace("\n", "")
    assert "failed" in shown and "naive_seed1" in shown
    tool.execute(runs, cfg, tmp_path, 1, "runs")
    assert [run.seed for run in trained[2:]] == [1]


def test_a_shared_first_phase_is_trained_before_what_takes_it(tool, cfg, tmp_path, monkeypatch):
    cfg.benchmark.methods["LwF"]["first_phase"] = "Naive"
    lwf = [tool.Run("LwF", ORDERS[0], seed, 3.0, searching=True) for seed in (0, 1)]
    trained = []

    def train(run, cfg, root, jobs):
        trained.append(run)
        if run == naive[1]:
            return 1
        finish(run, root, 2.0)
        return 0

    naive = [tool.first_phase_run(cfg, run) for run in lwf]
    assert naive == [tool.Run("Naive", ORDERS[0], seed, searching=True) for seed in (0, 1)]
    assert tool.first_phase_run(cfg, naive[0]) is None
    monkeypatch.setattr(tool, "train", train)
    tool.execute(lwf, cfg, tmp_path, 1, "runs")
    assert trained == [*naive, lwf[0]]  # nothing to take for the second


def test_command_line(tool, tmp_path, monkeypatch):
    done = []

    def train(run, cfg, root, jobs):
        done.append(run)
        finish(run, root, dict(Naive=10.0, Joint=60.0).get(run.label, 30.0 + run.seed))
        return 0

    monkeypatch.setattr(tool, "train", train)
    out = tmp_path / "report.md"
    command = [str(CONFIG), "--work-dir", str(tmp_path), "--methods", "Naive", "Joint", "LwF"]
    command += ["--seeds", "0", "1", "--orders", "seg,depth", "--out", str(out)]
    tool.main(command)
    assert "Not run: nothing." in out.read_text() and "30.50 ± 0.71" in out.read_text()
    assert "[0, 1]" in out.read_text() and "batch 4, 7 epochs" in out.read_text()
    assert "first phase of the same seed" in out.read_text()
    assert len(done) == 2 + 4 + 3 * 2  # bounds and strengths of the search, then the runs
    tool.main([*command, "--report-only", "--seeds", "0", "1", "2"])
    assert "LwF on seg → depth (seeds 2)" in out.read_text()
    assert len(done) == 12
    with pytest.raises(SystemExit, match="Foo"):
        tool.main([str(CONFIG), "--methods", "Foo"])
