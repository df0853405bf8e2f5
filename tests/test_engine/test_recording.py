"""Facts about the configs in a record."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from mmlhl.analysis.report.run_sections import environments, what_was_run
from mmlhl.datasets import RoomsDataset
from mmlhl.engine import recording
from mmlhl.engine.recording import add_to_record, dataset_name
from mmlhl.evaluation import LifelongRecord

ROOMS = dict(type="RoomsDataset")
OTHER = dict(type="CamVidDataset")


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (ROOMS, "RoomsDataset"),
        (dict(type=RoomsDataset), "RoomsDataset"),
        (dict(type="mmlhl.RoomsDataset"), "RoomsDataset"),
        (dict(type="RepeatDataset", times=2, dataset=ROOMS), "RoomsDataset"),
        (
            dict(type="ConcatDataset", datasets=[dict(type="RepeatDataset", dataset=ROOMS), OTHER]),
            "RoomsDataset",
        ),
    ],
)
def test_innermost_class(dataset, name):
    loaders = dict(train_dataloader=dict(dataset=dataset), test_dataloader=dict(dataset=OTHER))
    assert dataset_name(Config(loaders)) == name


def test_test_set_where_nothing_is_trained():
    cfg = Config(dict(train_dataloader=None, test_dataloader=dict(dataset=OTHER)))
    assert dataset_name(cfg) == "CamVidDataset"
    assert dataset_name(Config(dict(train_dataloader=None))) is None


def test_record_names_the_dataset(trained):
    _, record = trained
    assert record.dataset == "RoomsDataset"
    assert record.label == "HAD"


def add_phase(folder, name, filename):
    """A phase without metrics, trained under a config of this name."""
    cfg = Config(dict(test_dataloader=dict(dataset=ROOMS)), cfg_text=" ", filename=filename)
    runner = SimpleNamespace(cfg=cfg, seed=0, iter=1, work_dir=str(folder / name))
    runner.logger = SimpleNamespace(info=lambda text: None)
    model = SimpleNamespace(method=SimpleNamespace(exemplars=0), tasks=[name])
    path = str(folder / "lifelong.json")
    add_to_record(path, runner, model, name, [name], str(folder / f"{name}.pth"), 1.0, {})
    return LifelongRecord.load(path)


def test_an_extended_sequence_names_the_config_of_each_phase(tmp_path, monkeypatch):
    add_phase(tmp_path, "seg", "had/rooms.py")
    once = add_phase(tmp_path, "depth", "had/rooms.py")
    assert once.extra["config"] == "had/rooms.py" and "config" not in once.phases[0]
    monkeypatch.setattr(recording, "environment", lambda: {"torch": "99"})
    record = add_phase(tmp_path, "edge", "had/rooms_edge.py")
    assert record.extra["config"] == "had/rooms_edge.py"
    assert record.over_phases("config") == ["had/rooms.py", "had/rooms_edge.py"]
    assert [phase.get("config") for phase in record.phases] == ["had/rooms.py"] * 2 + [None]
    (run,) = what_was_run([record], ["run"]).blocks[0].rows
    assert "had/rooms.py → had/rooms_edge.py" in run
    rows = {row[0]: row[1] for row in environments([record], ["run"]).blocks[0].rows}
    assert rows["torch"] == f"{torch.__version__} → 99"


def test_a_fact_that_is_known_late_does_not_hold_for_earlier_phases():
    record = LifelongRecord("HAD", 0)
    for label in (None, None, "HAD, longer", None, "HAD again"):
        record.describe(label=label, config="a.py")
        name = f"task{len(record)}"
        record.add_phase(name, [name], None, 1.0, {})
    again = LifelongRecord.from_dict(record.to_dict())
    assert again.over_phases("label") == ["HAD, longer", "HAD again"]
    assert [phase.get("label") for phase in again.phases] == [None, None, "HAD, longer", None, None]
    assert again.label == "HAD again" and again.over_phases("config") == ["a.py"]
    again.truncate(2)
    assert again.over_phases("label") == []


def test_a_task_of_which_nothing_was_measured_is_named(monkeypatch):
    lines = []
    monkeypatch.setattr(recording, "print_log", lambda text, *_: lines.append(text))
    nan, inf = float("nan"), float("inf")
    metrics = {"seg/mIoU": 40.0, "seg/mAcc": nan, "depth/abs_err": nan, "depth/rmse": inf}
    recording.warn_of_unmeasured(metrics)
    assert len(lines) == 2
    assert lines[0].startswith("seg/mAcc is nan: the record has null")
    assert lines[1].startswith("nothing of task 'depth' was measured: depth/abs_err, depth/rmse")
    recording.warn_of_unmeasured({})
    recording.warn_of_unmeasured({"seg/mIoU": 0.0})
    assert len(lines) == 2
