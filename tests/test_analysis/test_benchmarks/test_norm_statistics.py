"""Old tasks tested with the batch statistics of their own phase."""

from pathlib import Path

import pytest
import torch

from mmlhl.analysis.benchmarks.norm_statistics import KEPT, measure, report, with_layers_of


def test_only_encoder_layers_get_earlier_statistics():
    def weights(value):
        names = ("backbone.bn.running_mean", "backbone.bn.running_var", "backbone.bn.weight")
        names += ("backbone.conv.weight", "heads.seg.bn.running_mean")
        return {name: torch.tensor(float(value)) for name in names}

    def taken(kept):
        made = with_layers_of(weights(2), weights(1), KEPT[kept])
        return {name for name, value in made.items() if value == 1}

    assert taken("none") == set()
    statistics = {"backbone.bn.running_mean", "backbone.bn.running_var"}
    assert taken("statistics") == statistics
    assert taken("statistics and affine") == statistics | {"backbone.bn.weight"}


def test_unchanged_statistics_reproduce_the_record(trained):
    cfg, _ = trained
    record, found = measure(Path(cfg.work_dir))
    assert list(found) == [task for phase in record.phases[:-1] for task in phase["tasks"]]
    for task, by_kept in found.items():
        for metric, value in by_kept["none"].items():
            expected = record.values(task, metric)[-1]
            assert value == pytest.approx(expected, abs=1e-4), (task, metric)
    changed = [by_kept for by_kept in found.values() if by_kept["statistics"] != by_kept["none"]]
    assert changed
    text = report([(record, found)], "the command")
    assert "| method | old task | metric | none | statistics |" in text
    assert text.count("| HAD |") == 2 * len(found)
