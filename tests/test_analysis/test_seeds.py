import math

import pytest

from mmlhl.analysis.derived import relative_gain
from mmlhl.analysis.seeds import mean_record, merge_single, over_seeds
from mmlhl.evaluation import LifelongRecord

from .samples import record


def test_over_seeds():
    estimate = over_seeds([1.0, 3.0, None, math.nan])
    assert (estimate.mean, estimate.runs) == (2.0, 2)
    assert estimate.std == pytest.approx(math.sqrt(2))
    assert over_seeds([5.0]).std is None
    assert math.isnan(over_seeds([None]).mean)
    assert over_seeds([math.inf, 1.0]).mean == math.inf


def test_mean_record():
    mean = mean_record([record(seed=0), record(seed=1, miou=(54.0, 42.0), err=(None, None))])
    assert mean.values("seg", "mIoU") == [52.0, 41.0]
    assert mean.values("depth", "abs_err") == [None, None]
    assert mean.seed is None and len(mean) == 2
    with pytest.raises(ValueError, match="HAD"):
        mean_record([record(), LifelongRecord()])


def test_single_task_runs_are_one_reference():
    """Either one record per task, or one record with a new network in each phase."""
    seg = LifelongRecord("single")
    seg.add_phase("seg", ["seg"], None, 1, {"seg/mIoU": 60.0, "seg/aAcc": 90.0})
    depth = LifelongRecord("single")
    depth.add_phase("depth", ["depth"], None, 1, {"depth/abs_err": 0.4})
    both = LifelongRecord("single")
    both.add_phase("seg", ["seg"], None, 1, {"seg/mIoU": 60.0, "seg/aAcc": 90.0})
    both.add_phase("depth", ["depth"], None, 1, {"depth/abs_err": 0.4})
    for runs in ([seg, depth], [both]):
        single = merge_single(runs)
        gain = relative_gain(record(), single)
        assert gain.tasks["depth"] == pytest.approx(-100)
        assert gain.tasks["seg"] == pytest.approx(100 * (-20 / 60 - 20 / 90) / 2)


def test_a_task_of_two_single_task_runs_is_refused():
    """One of them would be dropped."""
    three, again = (
        LifelongRecord("naive", 0, label="single"),
        LifelongRecord("naive", 0, label="single"),
    )
    for task in ("seg", "depth"):
        three.add_phase(task, [task], "", 60, {f"{task}/mIoU": 50.0})
    again.add_phase("depth", ["depth"], "", 60, {"depth/mIoU": 70.0})
    with pytest.raises(ValueError, match="are both single of 'depth' with seed 0"):
        merge_single([three, again])
    assert merge_single([three]).tasks == ["seg", "depth"]
