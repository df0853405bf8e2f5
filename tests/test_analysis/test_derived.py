import math

import pytest

from mmlhl.analysis import derived
from mmlhl.evaluation import LifelongRecord

from .samples import record

NAIVE = record("naive", miou=(50.0, 20.0), aacc=(80.0, 50.0), err=(None, 1.0))
JOINT = record("joint", miou=(50.0, 60.0), aacc=(80.0, 90.0), err=(None, 0.5))


def test_relative_gain_by_hand():
    gain = derived.relative_gain(record(), NAIVE)
    # seg: (+100 % and +40 %) / 2, depth: +20 %.
    assert gain.tasks == {"seg": pytest.approx(70), "depth": pytest.approx(20)}
    assert gain.mean == pytest.approx(45)
    worse = derived.relative_gain(record(err=(None, 1.5)), NAIVE)
    assert worse.tasks["depth"] == pytest.approx(-50)
    assert derived.relative_gain(NAIVE, NAIVE).mean == 0


def test_relative_gain_over_metrics_of_choice():
    one, naive = record(delta_1=(None, 90.0)), record("naive", delta_1=(None, 60.0))
    assert derived.relative_gain(one, naive).tasks["depth"] == 0
    assert derived.relative_gain(one, naive, "all").tasks["depth"] == pytest.approx(25)
    assert derived.relative_gain(one, naive, ["delta_1"]).mean == pytest.approx(50)
    assert derived.choose(one) == [("seg", "mIoU"), ("seg", "aAcc"), ("depth", "abs_err")]
    # All metrics of a task without any of the paper's are used.
    del one.metrics["depth"]["abs_err"]
    assert derived.choose(one)[-1] == ("depth", "delta_1")
    with pytest.raises(ValueError, match="most"):
        derived.choose(one, "most")


def test_zero_and_missing_values_give_infinite_and_nan_gains():
    zero = record("naive", miou=(50.0, 0.0))
    assert derived.relative_gain(record(), zero).mean == math.inf
    assert derived.relative_gain(zero, zero).mean == 0
    assert math.isnan(derived.relative_gain(record(miou=(50.0, None)), NAIVE).mean)
    lacking = record("naive")
    del lacking.metrics["depth"]
    with pytest.raises(ValueError, match=r"naive.*lacks the task depth of HAD.*has seg"):
        derived.relative_gain(record(), lacking)


def test_position_between_naive_and_joint_by_hand():
    place = derived.position(record(), NAIVE, JOINT)
    # seg: 20 / 40 and 20 / 40; depth: 0.2 / 0.5.
    assert place.tasks == {"seg": pytest.approx(50), "depth": pytest.approx(40)}
    assert place.mean == pytest.approx(45) and place.left_out == ()
    assert derived.position(NAIVE, NAIVE, JOINT).mean == 0
    assert derived.position(JOINT, NAIVE, JOINT).mean == pytest.approx(100)


def test_position_omits_metrics_where_joint_is_not_better():
    joint = record("joint", miou=(50.0, 60.0), aacc=(80.0, 90.0), err=(None, 1.0))
    place = derived.position(record(), NAIVE, joint)
    assert place.left_out == (("depth", "abs_err"),) and place.mean == pytest.approx(50)
    joint.metrics["depth"]["abs_err"]["values"] = [None, 0.999]
    assert derived.position(record(), NAIVE, joint).tasks["depth"] == pytest.approx(20000)
    assert derived.position(record(), NAIVE, joint, min_span=1).left_out == (("depth", "abs_err"),)
    nothing = derived.position(record(), NAIVE, NAIVE)
    assert math.isnan(nothing.mean) and len(nothing.left_out) == 3


def three_phases():
    result = record(miou=(50.0, 55.0, 40.0), aacc=(80.0, 70.0, 82.0), err=(None, 0.8, 1.0))
    result.phases.append(dict(name="n", tasks=["normal"], checkpoint=""))
    result.metrics["normal"] = dict(
        mean_err=dict(higher_is_better=False, values=[None, None, 20.0])
    )
    return result


def test_forgetting_by_hand():
    metrics = derived.forgetting(three_phases())
    # From the best earlier value, not from the first; a task learned last has none.
    assert metrics == {
        ("seg", "mIoU"): pytest.approx(15),
        ("seg", "aAcc"): pytest.approx(-2),
        ("depth", "abs_err"): pytest.approx(0.2),
    }
    relative = derived.forgetting(three_phases(), relative=True)
    assert relative[("seg", "mIoU")] == pytest.approx(100 * 15 / 55)
    assert relative[("depth", "abs_err")] == pytest.approx(25)
    score = derived.over_tasks(relative)
    assert score.tasks["seg"] == pytest.approx((100 * 15 / 55 - 2.5) / 2)
    assert score.mean == pytest.approx((score.tasks["seg"] + 25) / 2)


def test_backward_transfer_by_hand():
    assert derived.backward_transfer(three_phases()) == {
        ("seg", "mIoU"): pytest.approx(-10),
        ("seg", "aAcc"): pytest.approx(2),
        ("depth", "abs_err"): pytest.approx(-0.2),
    }
    relative = derived.backward_transfer(three_phases(), relative=True)
    assert relative[("depth", "abs_err")] == pytest.approx(-25)


def test_missing_value_in_the_last_phase_gives_nan_forgetting():
    lost = three_phases()
    lost.metrics["seg"]["mIoU"]["values"][-1] = None
    assert math.isnan(derived.forgetting(lost)[("seg", "mIoU")])
    assert math.isnan(derived.over_tasks(derived.forgetting(lost)).mean)


def test_mean_rank_with_ties_and_missing_values():
    a = record("a", miou=(0, 50), aacc=(0, 80), err=(None, 1.0))
    b = record("b", miou=(0, 50), aacc=(0, 70), err=(None, 0.5))
    c = record("c", miou=(0, 40), aacc=(0, 90), err=(None, None))
    ranks = derived.mean_rank(dict(a=a, b=b, c=c))
    assert ranks == {
        "a": pytest.approx((1.5 + 2 + 2) / 3),
        "b": pytest.approx((1.5 + 3 + 1) / 3),
        "c": pytest.approx((3 + 1 + 3) / 3),
    }
    assert math.isnan(derived.mean_rank(dict(a=LifelongRecord("a")))["a"])
