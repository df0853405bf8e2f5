import copy
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlhl.evaluation import LifelongRecord, MultiTaskEvaluator, record_format
from mmlhl.evaluation.directions import higher_is_better


def two_phases():
    record = LifelongRecord("HAD", seed=0, commit="abc")
    record.add_phase("seg", ["seg"], "phase_1_seg/epoch_1.pth", 61.2, {"seg/mIoU": 54.1})
    record.add_phase(
        "depth",
        ("depth",),
        "phase_2_depth/epoch_1.pth",
        np.float32(2),
        {"seg/mIoU": np.float64(49.0), "depth/abs_err": torch.tensor(0.5), "val_loss": 3.0},
        exemplars=50,
    )
    return record


def test_record_has_the_documented_format(tmp_path):
    two_phases().save(tmp_path / "work" / "lifelong.json")
    assert json.loads((tmp_path / "work" / "lifelong.json").read_text()) == {
        "version": 1,
        "method": "HAD",
        "seed": 0,
        "phases": [
            dict(name="seg", tasks=["seg"], checkpoint="phase_1_seg/epoch_1.pth"),
            dict(
                name="depth",
                tasks=["depth"],
                checkpoint="phase_2_depth/epoch_1.pth",
                exemplars=50,
            ),
        ],
        "metrics": {
            "seg": {"mIoU": {"higher_is_better": True, "values": [54.1, 49.0]}},
            "depth": {"abs_err": {"higher_is_better": False, "values": [None, 0.5]}},
        },
        "timing": [61.2, 2.0],
        "commit": "abc",
    }
    assert os.listdir(tmp_path / "work") == ["lifelong.json"]


def test_results_are_compared_without_times():
    one, other = two_phases(), two_phases()
    other.timing[1] = 3600.0
    assert one.same_results(other) and one.to_dict() != other.to_dict()
    other.metrics["seg"]["mIoU"]["values"][1] += 1e-12
    assert not one.same_results(other)


def test_seconds_of_an_older_record_are_its_timing(tmp_path):
    data = two_phases().to_dict()
    del data["timing"]
    for phase, seconds in zip(data["phases"], (61.2, 2.0), strict=True):
        phase["seconds"] = seconds
    record = LifelongRecord.from_dict(data)
    assert record.to_dict() == two_phases().to_dict()
    record.truncate(1)
    assert record.timing == [61.2]


@pytest.mark.parametrize("timing", [[1.0], [1.0, 2.0, 3.0], 5, None])
def test_timing_of_other_phases_is_refused(timing):
    with pytest.raises(ValueError, match="timing must be a list of seconds, one per phase"):
        LifelongRecord.from_dict({**two_phases().to_dict(), "timing": timing})


def test_round_trip_keeps_unknown_fields(tmp_path):
    path = tmp_path / "lifelong.json"
    data = two_phases().to_dict()
    data["phases"][0]["note"] = {"by": "hand"}
    data["metrics"]["seg"]["mIoU"]["unit"] = "%"
    path.write_text(json.dumps(data))
    record = LifelongRecord.load(tmp_path)
    assert record.path == path and record.extra == {"commit": "abc"} and len(record) == 2
    record.save(path)
    assert json.loads(path.read_text()) == data


def test_values_tasks_and_where_they_were_learned():
    record = two_phases()
    assert record.tasks == ["seg", "depth"]
    assert record.values("depth", "abs_err") == [None, 0.5]
    assert record.values("depth", "rmse") == record.values("edge", "l1") == [None, None]
    assert [record.learned_in(task) for task in ("seg", "depth", "edge")] == [0, 1, None]


def test_nan_becomes_null_and_a_task_left_out_is_padded(tmp_path):
    record = two_phases()
    record.add_phase("n", ["normal"], None, 1, {"seg/mIoU": math.nan, "normal/mean_err": math.inf})
    assert record.values("seg", "mIoU") == [54.1, 49.0, None]
    assert record.values("depth", "abs_err") == [None, 0.5, None]
    assert record.values("normal", "mean_err") == [None, None, None]
    record.save(tmp_path / "r.json")
    assert LifelongRecord.load(tmp_path / "r.json").to_dict() == record.to_dict()


def test_record_contains_plain_numbers_only():
    for value in two_phases().metrics["seg"]["mIoU"]["values"]:
        assert type(value) is float
    with pytest.raises(TypeError, match="object"):
        LifelongRecord("x", note=object()).to_dict()


def test_truncate_then_add_again():
    record = two_phases()
    record.truncate(5)
    assert len(record) == 2
    record.truncate(1)
    assert len(record) == 1 and record.metrics == {
        "seg": {"mIoU": {"higher_is_better": True, "values": [54.1]}}
    }
    record.add_phase("depth", ["depth"], "p", 3.0, {"seg/mIoU": 48, "depth/rmse": 1})
    assert record.values("seg", "mIoU") == [54.1, 48] and record.values("depth", "rmse") == [
        None,
        1,
    ]
    record.truncate(0)
    assert record.metrics == {} and record.phases == []


def test_an_unknown_metric_needs_a_direction_and_changes_nothing():
    record = two_phases()
    before = record.to_dict()
    with pytest.raises(ValueError, match="edge/odsF"):
        record.add_phase("e", ["edge"], "p", 1.0, {"seg/mIoU": 3, "edge/odsF": 1})
    assert record.to_dict() == before
    record.add_phase("e", ["edge"], "p", 1.0, {"edge/odsF": 1}, {"edge/odsF": True})
    record.add_phase("f", ["x"], "p", 1.0, {"edge/odsF": 2})
    assert record.metrics["edge"]["odsF"] == dict(
        higher_is_better=True, values=[None, None, 1.0, 2.0]
    )


def test_directions_come_from_the_evaluator_first():
    evaluator = MultiTaskEvaluator(dict(edge=dict(type="ChannelErrorMetric", field="edge_map")))
    evaluator.metrics[0].higher_is_better = dict(l1=True)
    assert higher_is_better("edge/l1", evaluator) is True
    assert higher_is_better("edge/l1") is False
    assert higher_is_better("depth/delta_1") is True and higher_is_better("mIoU") is True
    assert higher_is_better("seg/novel") is None


def test_a_record_may_begin_with_a_byte_order_mark(tmp_path):
    LifelongRecord("HAD", 0).save(path := tmp_path / "lifelong.json")
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert LifelongRecord.load(tmp_path).method == "HAD"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 1, "meth', "is not JSON"),
        ("[]", "no object"),
        ('{"mIoU": 3}', "lacks version, method, seed, phases, metrics"),
        ("[" * 10**5, "is not JSON"),
        ('{"version": ' + "9" * 5000 + "}", "is not JSON"),
        ('{"version": 2, "method": "", "seed": 0, "phases": [], "metrics": {}}', "version is 2"),
        ('{"version": 1, "method": "", "seed": 0, "phases": {}, "metrics": {}}', "must be a list"),
        ('{"version": 1, "method": "", "seed": 0, "phases": [3], "metrics": {}}', r"phases\[0\]"),
    ],
)
def test_broken_and_foreign_files_are_named(tmp_path, text, message):
    path = tmp_path / "lifelong.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        LifelongRecord.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (dict(values=[1, 2]), "higher_is_better"),
        (dict(higher_is_better=True, values=[1]), "2 values"),
        (dict(higher_is_better=True, values=[1, "2"]), "'2'"),
        (dict(higher_is_better=True, values=[1, math.nan]), "nan"),
    ],
)
def test_broken_metrics_are_named(entry, message):
    data = two_phases().to_dict()
    data["metrics"]["seg"]["mIoU"] = entry
    with pytest.raises(ValueError, match=message) as error:
        LifelongRecord.from_dict(data)
    assert "metrics.seg.mIoU" in str(error.value)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("method",), ["HAD"], r"method must be a string, not \['HAD'\]"),
        (("seed",), {"x": 1}, "seed must be a whole number or null"),
        (("timing", 1), "9", "timing holds '9', which is neither number nor null"),
        (("timing", 0), 10**400, "timing holds a huge number"),
        (("phases", 0, "name"), [], r"phases\[0\].name must be a string, not \[\]"),
        (("phases", 0, "tasks"), ["seg", None], r"phases\[0\].tasks holds None"),
        (("phases", 1, "fingerprint"), -1, r"phases\[1\].fingerprint must be an object, not -1"),
        (("phases", 1, "resumed_changed"), "lr", r"phases\[1\].resumed_changed must be an object"),
        (("phases", 1, "steps"), {}, r"phases\[1\].steps must be a number, not \{\}"),
        (("phases", 0, "exemplars"), True, r"phases\[0\].exemplars must be a number, not True"),
        (("metrics", "seg", "mIoU", "values", 0), 10**400, "mIoU.values holds a huge number"),
    ],
)
def test_fields_of_another_type_are_named(place, value, message):
    data = copy.deepcopy(two_phases().to_dict())
    node = data
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    with pytest.raises(ValueError, match=message):
        LifelongRecord.from_dict(data)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="lifelong.json"):
        LifelongRecord.load(tmp_path)


def test_a_reader_never_sees_half_a_file(tmp_path, monkeypatch):
    """A writer that is stopped halfway leaves the old record as it was."""
    path = tmp_path / "lifelong.json"
    two_phases().save(path)
    before = path.read_text()

    def stopped(file, data):
        file.write_text("{")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stopped)
    with pytest.raises(KeyboardInterrupt):
        two_phases().save(path)
    assert path.read_text() == before and os.listdir(tmp_path) == ["lifelong.json"]


def test_units_are_recorded_and_those_of_older_records_are_the_default(tmp_path):
    record = LifelongRecord("HAD")
    metrics = {"depth/abs_err": 0.5, "angle/turn": 1.0, "seg/mIoU": 50.0}
    better = {"angle/turn": False}
    record.add_phase(
        "all", ["depth"], None, 1.0, metrics, better, {"depth/abs_err": "cm", "angle/turn": "deg"}
    )
    record.save(tmp_path / "lifelong.json")
    read = LifelongRecord.load(tmp_path)
    assert read.metrics["depth"]["abs_err"]["unit"] == "cm" and "unit" not in read.metrics["seg"]
    assert [read.unit(*m.split("/")) for m in metrics] == ["cm", "deg", "%"]
    assert read.unit("normal", "mean_err") == "deg" and read.unit("seg", "unheard") == ""


def test_a_unit_is_a_string(tmp_path):
    data = two_phases().to_dict()
    data["metrics"]["seg"]["mIoU"]["unit"] = 5
    with pytest.raises(ValueError, match=r"metrics.seg.mIoU.unit must be a string.*not 5"):
        LifelongRecord.from_dict(data)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../other/seg.pth", "a/../../b.pth", "C:\\a.pth", "..\\b.pth"]
    + ["\\\\host\\a", "seg\0.pth", 5],
)
def test_files_outside_of_the_records_folder_are_refused(tmp_path, name):
    record = two_phases()
    record.phases[1]["checkpoint"] = name
    path = tmp_path / "lifelong.json"
    path.write_text(json.dumps(record.to_dict()))
    with pytest.raises(ValueError, match=r"phases\[1\].checkpoint must be a file below the record"):
        LifelongRecord.load(path)
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="is not JSON"):
        LifelongRecord.load(path)


def test_a_record_that_was_changed_is_named_once(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(record_format, "print_log", lambda text, *_: said.append(text))
    path = tmp_path / "lifelong.json"
    record = two_phases()
    record.with_checksum = True
    record.save(path)
    assert LifelongRecord.load(path).to_dict() == json.loads(path.read_text())
    path.write_text(path.read_text().replace("61.2", "70.0"))  # no result
    assert LifelongRecord.load(path).timing[0] == 70.0 and not said
    path.write_text(path.read_text().replace("54.1", "64.1"))
    for _ in range(2):
        assert LifelongRecord.load(path).values("seg", "mIoU")[0] == 64.1
    assert len(said) == 1 and f"{path} is not as it was written" in said[0]
    two_phases().save(path)  # of another version, or by hand
    LifelongRecord.load(path)
    assert len(said) == 1
