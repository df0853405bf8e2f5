"""Old tasks tested with the batch statistics of their own phase."""

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmlhl.analysis.benchmarks.norm_statistics import KEPT, measure, report, with_layers_of
from mmlhl.checkpoints import stored_config
from mmlhl.evaluation import LifelongRecord


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


@pytest.mark.parametrize(
    "text, what",
    [
        ("model.backbone.weights = '/etc/passwd'", "model.backbone.weights is '/etc/passwd'"),
        ("test_evaluator = [dict(type='IoUMetric', output_dir='../x')]", r"output_dir is '../x'"),
    ],
)
def test_the_config_of_somebody_else_reads_and_writes_nothing(trained, tmp_path, text, what):
    cfg, _ = trained
    folder = tmp_path / "run"
    shutil.copytree(cfg.work_dir, folder)
    last = folder / LifelongRecord.load(folder).phases[-1]["checkpoint"]
    content = torch.load(last)
    stored = Config(stored_config(content, "x"))
    stored.visualizer = dict(type="MultiTaskVisualizer", save_dir=str(tmp_path / "elsewhere"))
    key, _, value = text.partition(" = ")
    stored.merge_from_dict({key: eval(value)})
    content["meta"]["cfg"] = stored.pretty_text
    torch.save(content, last)
    with pytest.raises(ValueError, match=f"names a file, which was not read: .*{what}"):
        measure(folder)
    assert not (tmp_path / "elsewhere").exists()
