"""The report of the benchmark of methods."""

import os
from pathlib import Path

import pytest

from mmlhl.analysis.benchmarks import method_report, method_search
from mmlhl.config_files import read_config

from .method_samples import ORDERS, finish, finish_search, method_config

ROOT = Path(__file__).resolve().parents[3]
KEPT = sorted((ROOT / "docs/results/runs").glob("*/settings.txt"))


@pytest.fixture
def cfg():
    return method_config()


@pytest.mark.parametrize("path", KEPT, ids=[path.parent.name for path in KEPT])
def test_committed_records_match_the_settings_of_their_config(path):
    """Otherwise the command could not continue them."""
    cfg = read_config(ROOT / f"configs/benchmarks/{path.parent.name}.py")
    assert method_report.settings(cfg) == path.read_text(encoding="utf-8")


def test_report_names_unfinished_searches_and_omits_their_methods(cfg, tmp_path):
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0)
    (lost,) = [
        r
        for r in method_search.wanted_runs(cfg, ["LwF"], ORDERS[0], Path("nowhere"))
        if (r.label, r.value) == ("LwF", 3.0)
    ]
    os.remove(lost.folder(tmp_path) / "lifelong.json")
    with pytest.raises(RuntimeError, match=r"LwF lacks \['lwf_3_seed100'\]"):
        method_search.chosen_value(cfg, "LwF", ORDERS[0], tmp_path)
    runs = list(method_search.final_runs(cfg, ["Naive", "LwF", "HAD"], ORDERS, [0], tmp_path))
    assert {run.label for run in runs} == {"Naive", "HAD"}
    assert (
        list(method_report.strengths(cfg, ["LwF", "HAD"], ORDERS[0], tmp_path))[2]
        == "- LwF: not searched"
    )


def test_report_lists_missing_runs(cfg, tmp_path):
    labels = ["Naive", "Joint", "HAD"]
    finish_search(cfg, tmp_path, Naive=10.0, Joint=60.0, HAD_1=40.0)
    for run in method_search.final_runs(cfg, labels, ORDERS, [0, 1], tmp_path):
        if (run.label, run.seed) == ("HAD", 1) and run.order == ORDERS[1]:
            continue
        if run.label != "Joint":
            finish(run, tmp_path, dict(Naive=10.0, HAD=42.0)[run.label] + run.seed)
    text = method_report.report(cfg, "the command", labels, ORDERS, [0, 1], tmp_path)
    assert "data/rooms, batch 4, 10 epochs per phase" in text and "Adam (lr 0.01)" in text
    assert (
        "`the command`" in text
        and "seeds [0, 1]" in text
        and "with seed 100 on seg → depth (" in text
    )
    assert "| 42.50 ± 0.71 |" in text.replace("**", "")
    assert "- HAD: loss_weight = 1 (0.3: 20.0, 1: 60.0, 3: 20.0)" in text
    assert "Not run: Joint on seg → depth (seeds 0, 1); HAD on depth → seg (seeds 1)." in text


def test_report_without_any_run(cfg, tmp_path):
    text = method_report.report(cfg, "x", ["HAD"], ORDERS[:1], [0], tmp_path)
    assert "HAD: not searched" in text and "Not run: HAD on seg → depth (seeds 0)." in text
