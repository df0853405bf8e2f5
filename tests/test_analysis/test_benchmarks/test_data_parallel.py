"""Gradients that processes exchange, and their reports."""

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.cost_report import parameters_of
from mmlhl.analysis.benchmarks.cost_report import report as cost_report
from mmlhl.analysis.benchmarks.data_parallel import ALONE, NAMES, gradient_bytes, report
from mmlhl.analysis.benchmarks.step_models import workload
from mmlhl.analysis.benchmarks.step_price import ALL, FLOOR, STORED
from mmlhl.analysis.benchmarks.turns import Turns
from mmlhl.analysis.cost_model import Link


def test_teacher_adds_no_gradients_to_exchange(model_config):
    init_default_scope("mmseg")
    sizes = gradient_bytes(workload(Config(dict(model=model_config())), 2, 1, (16, 24)))
    assert sizes["HAD"] == sizes[STORED] == sizes[ALL] > sizes["Naive"]
    seconds = {each: [2.0] for name in NAMES for each in (name, f"{name}, {ALONE}")}
    text = report(Turns({**seconds, "HAD": [4.0]}), sizes, "tiny", 2, "python x")
    assert f"| HAD | {sizes['HAD'] / 1e6:.1f} | 2000 | 0.50 ± 0.00 |" in text


def test_cost_report_compares_the_model_with_steps_not_used_for_fitting(model_config):
    init_default_scope("mmseg")
    cfg = Config(dict(model=model_config()))
    encoder, head = parameters_of(cfg)
    assert encoder > 15 * head > 0
    found = {
        str(n): Turns({ALL: [1.0 + n], FLOOR: [1.5 + 1.2 * n], "HAD": [3.0], STORED: [2.0]})
        for n in (2, 4)
    }
    text = cost_report(found, cfg, 2, 10.0, Link(1e9), "python x")
    assert "| 4 | 3.00 | 6.30 | 2.00 | 5.00 |" in text
    assert text.count("| 1,000,000 |") == 3
