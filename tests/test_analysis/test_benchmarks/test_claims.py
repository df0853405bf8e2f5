"""Claims are checked by mean and deviation of the runs."""

import math

import pytest

from mmlhl.analysis.benchmarks.claims import to_markdown, verdicts
from mmlhl.analysis.runs import group_runs
from mmlhl.evaluation import LifelongRecord


def run(label, seed, miou):
    record = LifelongRecord(label, seed, label=label)
    for phase, task in enumerate(("seg", "depth")):
        record.add_phase(task, [task], None, 1.0, {"seg/mIoU": miou, "depth/abs_err": 1.0})
        assert len(record) == phase + 1
    return record


RUNS = dict(
    naive=(10.0, 10.0), Good=(20.0, 22.0), Same=(19.0, 25.0), Bad=(11.0, 12.0), Once=(30.0,)
)


@pytest.fixture(scope="module")
def group():
    records = [
        run(label, seed, m) for label, values in RUNS.items() for seed, m in enumerate(values)
    ]
    return group_runs(records)[0]


def test_verdicts(group):
    claims = [
        dict(text="Good over Bad", better="Good", worse="Bad"),
        dict(text="Bad over Good", better="Bad", worse="Good"),
        dict(text="Same over Good", better="Same", worse="Good"),
        dict(text="Once over Good", better="Once", worse="Good"),
        dict(text="of a method that was not run", better="Good", worse="Nobody"),
    ]
    found = verdicts(group, claims)
    assert [verdict.words for verdict in found] == [
        "holds",
        "does not hold",
        "open: within one deviation",
        "one seed: open",
    ]
    # mIoU gains 100 and 120 %, and 10 and 20 %; depth gains nothing, so the means are half
    assert found[0].difference == pytest.approx(55.0 - 7.5)
    assert found[0].deviation == pytest.approx(math.hypot(math.sqrt(50), math.sqrt(12.5)))
    assert "| Good over Bad | +47.50 ± 7.91 | holds |" in to_markdown(found)
    assert "| Once over Good | +45.00 | one seed: open |" in to_markdown(found)


def test_a_gain_that_is_not_defined_decides_nothing():
    runs = [run("naive", 0, 10.0), run("Good", 0, 20.0), run("Lost", 0, math.nan)]
    group = group_runs([*runs, run("Lost", 1, math.nan), run("naive", 1, 10.0)])[0]
    claims = [
        dict(text="a", better="Good", worse="Lost"),
        dict(text="b", better="Lost", worse="Good"),
    ]
    found = verdicts(group, claims)
    assert [verdict.words for verdict in found] == ["not defined"] * 2
    assert "| a | - | not defined |" in to_markdown(found)


def test_no_verdicts_without_naive_runs():
    assert verdicts(group_runs([run("Good", 0, 1.0)])[0], [dict(better="a", worse="b")]) == []
