"""Options of methods and metrics that would have no effect, or the opposite effect, are refused."""

import pytest

from mmlhl.evaluation.metrics import BinaryMetric, DepthErrorMetric, SegmentationMetric
from mmlhl.models.methods import SGP, Composite, HADHeteroAKD, HADRelease, ICaRL, PhaseAverage
from mmlhl.visualization import MultiTaskVisualizer

WRONG = [
    (SGP, dict(max_rank=0), "max_rank must be None or a whole number >= 1, got 0"),
    (SGP, dict(threshold_step=-0.1), "threshold_step must be a number >= 0, got -0.1"),
    (ICaRL, dict(candidates=-1), "candidates must be None or a whole number >= 1, got -1"),
    (ICaRL, dict(replay_weight=-1.0), "replay_weight must be a number >= 0, got -1.0"),
    (ICaRL, dict(candidates=1.5), "candidates must be None or a whole number >= 1, got 1.5"),
    (HADRelease, dict(delta=2.0), r"delta divides responses of \[-1, 1\], got 2.0"),
    (PhaseAverage, dict(factors=0.5), "factors must be a list of numbers .*, got 0.5"),
    (PhaseAverage, dict(factors=["0.5"]), r"a list of numbers within .*, got \['0.5'\]"),
    (HADHeteroAKD, dict(hakd=["seg"]), r"hakd must be a dict of options by task, .*\['seg'\]"),
    (HADHeteroAKD, dict(hakd=dict(loss_weight=1.0)), "hakd must be a dict of options by task"),
    (Composite, dict(methods=None), "methods must list at least two configs, got None"),
    (Composite, dict(methods=["EWC", "HAD"]), r"two configs, got \['EWC', 'HAD'\]"),
    (SegmentationMetric, dict(iou_metrics=[]), "iou_metrics is empty"),
    (SegmentationMetric, dict(beta=0), "beta must be above 0"),
    (SegmentationMetric, dict(num_classes=0), "num_classes at least 1, got 1 and 0"),
    (BinaryMetric, dict(beta_squared=-1.0), "beta_squared must be > 0, got -1.0"),
    (DepthErrorMetric, dict(output_levels=0), "output_levels is 0; it must be at least 1"),
    (MultiTaskVisualizer, dict(cell_width=0), "cell_width must be >= 1, got 0"),
]


@pytest.mark.parametrize(("cls", "options", "message"), WRONG)
def test_refused(cls, options, message):
    with pytest.raises(ValueError, match=message):
        cls(**options)
