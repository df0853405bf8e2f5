import pytest

from mmlhl.evaluation import MultiTaskEvaluator
from mmlhl.evaluation.directions import DIRECTIONS
from mmlhl.evaluation.units import UNITS, with_unit


@pytest.mark.parametrize(
    ("unit", "shown"), [("m", "err [m]"), ("deg", "err [°]"), ("%", "err [%]"), ("", "err")]
)
def test_name_and_unit(unit, shown):
    assert with_unit("err", unit) == shown


def test_every_metric_of_the_package_has_a_unit_or_none_for_a_reason():
    own = {name for name in DIRECTIONS if name in UNITS}
    assert {"mIoU", "abs_err", "mean_err", "within_11", "l1", "maxF"} <= own
    assert [name for name in own if UNITS[name] not in ("m", "deg", "%", "")] == []


def test_the_evaluator_knows_the_units_of_its_tasks():
    metrics = dict(
        seg=dict(type="SegmentationMetric"), depth=dict(type="DepthErrorMetric", unit="cm")
    )
    units = MultiTaskEvaluator(metrics).units
    assert units["seg/mIoU"] == "%" and units["depth/abs_err"] == "cm"
