"""Measurements of memory."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.memory import evaluation_trace, step_peak, tensor_peak
from mmlhl.analysis.benchmarks.step_price import STORED


def test_tensor_peak_counts_tensors_held_at_the_same_time():
    def work():
        first = torch.zeros(2**18)  # 1 MiB
        second = first + 1
        del first
        return second * 2

    assert tensor_peak(work) == pytest.approx(2, abs=0.01)
    assert tensor_peak(lambda: [torch.zeros(2**18) for _ in range(3)]) == pytest.approx(3, abs=0.01)


def test_stored_labels_need_no_teacher(model_config):
    init_default_scope("mmseg")
    cfg = Config(dict(model=model_config()))
    online, stored = (step_peak(cfg, name, 3, 1, (32, 48)) for name in ("HAD", STORED))
    assert online["models"] > 1.8 * stored["models"]
    assert 0.1 < stored["peak"] < 20


def test_evaluation_does_not_keep_maps():
    found = evaluation_trace(30, (256, 256), 19, (10, 30))
    (_, early, _), (_, late, peak) = found
    assert late - early < 5  # thirty predictions would be 30 MiB
    assert peak >= late
