"""The search of strengths: its runs, and the value that is chosen."""

import math
from pathlib import Path

import pytest

from mmlhl.analysis.benchmarks import method_report, method_runs, method_search

from .method_samples import ORDERS, finish, finish_search, method_config

#: a work dir without any run
NOWHERE = Path("nowhere")


@pytest.fixture
def cfg():
    return method_config()


def test_runs_of_the_search(cfg):
    runs = method_search.wanted_runs(cfg, ["Naive", "LwF", "HAD, 5 bins"], ORDERS[0], NOWHERE)
    assert [(run.label, run.value) for run in runs] == [
        ("Naive", None),
        ("Joint", None),
        ("LwF", 0.3),
        ("LwF", 1.0),
        ("LwF", 3.0),
        ("HAD", 0.3),
        ("HAD", 1.0),  # an ablation uses the strength of its method
        ("HAD", 3.0),
    ]
    assert all(run.seed == 100 and run.searching and run.order == ORDERS[0] for run in runs)


def test_the_best_strength_between_naive_and_joint(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, LwF_1=35.0, HAD_1=25.0)
    value, scores = method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    # depth is the same everywhere and is ignored
    assert value == 1.0 and scores == pytest.approx({0.3: 20.0, 1.0: 50.0, 3.0: 20.0})
    assert method_search.open_end(scores) is None
    assert method_search.chosen_value(cfg, "HAD, 5 bins", ORDERS[0], tmp_path)[0] == 1.0
    assert method_search.chosen_value(cfg, "Naive", ORDERS[0], tmp_path) == (None, {})


def test_strength_without_a_score_is_not_chosen(cfg, tmp_path):
    finish_search(cfg, tmp_path, **{"LwF_0.3": float("nan")}, Naive=10.0, Joint=60.0, LwF_1=30.0)
    assert method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)[0] == 1.0
    finish_search(cfg, tmp_path / "flat", Naive=10.0, Joint=10.0)
    with pytest.raises(RuntimeError, match="no bounds to rank LwF's runs by"):
        method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path / "flat")


def test_final_runs(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, HAD_1=40.0)
    runs = list(method_search.final_runs(cfg, ["Joint", "HAD, 5 bins"], ORDERS, [0, 1], tmp_path))
    assert runs == [
        method_runs.Run("Joint", ORDERS[0], 0),
        method_runs.Run("HAD, 5 bins", ORDERS[0], 0, 1.0),
        method_runs.Run("HAD, 5 bins", ORDERS[1], 0, 1.0),  # at the strength of the first order
        method_runs.Run("Joint", ORDERS[0], 1),
        method_runs.Run("HAD, 5 bins", ORDERS[0], 1, 1.0),
        method_runs.Run("HAD, 5 bins", ORDERS[1], 1, 1.0),
    ]


def run_search(cfg, root, score):
    """Finish the runs of the search of LwF, with a mIoU by strength; the searched values."""
    finish_search(
        cfg, root, Naive=10.0, Joint=60.0, **{f"LwF_{v:g}": score(v) for v in (0.3, 1, 3)}
    )
    added = []
    while wanted := method_search.wanted_runs(cfg, ["LwF", "Naive"], ORDERS[0], root):
        for run in wanted:
            added.append(run.value)
            finish(run, root, score(run.value))
    return added


@pytest.mark.parametrize(
    ("peak", "added"),
    [(1.0, []), (30.0, [10.0, 30.0, 100.0]), (0.02, [0.1, 0.03, 0.01])],
)
def test_search_continues_until_the_best_value_is_bracketed(cfg, tmp_path, peak, added):
    def score(value):
        return 50.0 - abs(math.log(value / peak))

    assert run_search(cfg, tmp_path, score) == added
    value, scores = method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    assert method_search.open_end(scores) is None and abs(math.log(value / peak)) < 0.5
    *_, line = method_report.strengths(cfg, ["LwF"], ORDERS[0], tmp_path)
    assert f"= {value:g} (" in line


def test_search_stops_after_max_steps_and_reports_it(cfg, tmp_path):
    assert run_search(cfg, tmp_path, lambda value: value) == [10.0, 30.0, 100.0, 300.0]
    *_, line = method_report.strengths(cfg, ["LwF"], ORDERS[0], tmp_path)
    assert "= 300, still at an end (" in line


def test_a_search_of_fewer_phases(cfg, tmp_path):
    cfg.benchmark.search_phases = 1
    runs = method_search.wanted_runs(cfg, ["LwF"], ORDERS[0], NOWHERE)
    assert {run.order for run in runs} == {("seg",)} and {run.parts for run in runs} == {2}


def test_single_task_runs_are_of_the_first_order(cfg, tmp_path):
    cfg.benchmark.methods["Single"] = dict(method=dict(type="Naive"), single=True)
    assert list(method_search.final_runs(cfg, ["Single"], ORDERS, [0], tmp_path)) == [
        method_runs.Run("Single", ("seg",), 0, parts=2, part=0),
        method_runs.Run("Single", ("depth",), 0, parts=2, part=1),
    ]


def test_a_search_by_gain_needs_no_joint_training(cfg, tmp_path):
    cfg.benchmark.search_by = "gain"
    labels = [run.label for run in method_search.wanted_runs(cfg, ["LwF"], ORDERS[0], NOWHERE)]
    assert labels == ["Naive", "LwF", "LwF", "LwF"]
    finish_search(cfg, tmp_path, Naive=10.0, LwF_1=25.0)
    value, scores = method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    # mIoU rises by 100 and 150 %, depth stays: the mean over the two tasks
    assert value == 1.0 and scores == pytest.approx({0.3: 50.0, 1.0: 75.0, 3.0: 50.0})
    cfg.benchmark.search_by = "rank"
    with pytest.raises(ValueError, match="search_by is 'rank'"):
        method_search.wanted_runs(cfg, ["LwF"], ORDERS[0], NOWHERE)


def test_without_a_search_the_middle_of_each_list_is_taken(cfg, tmp_path):
    cfg.benchmark.search_by = None
    assert method_search.wanted_runs(cfg, ["LwF"], ORDERS[0], tmp_path) == []
    runs = method_search.final_runs(cfg, ["Naive", "LwF"], ORDERS[:1], [0], tmp_path)
    assert [(run.label, run.value) for run in runs] == [("Naive", None), ("LwF", 1.0)]
    (line,) = method_report.strengths(cfg, ["Naive", "LwF"], ORDERS[0], tmp_path)
    assert line == "Strengths were not searched: LwF loss_weight = 1."
