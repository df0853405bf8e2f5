"""Records of somebody else: what a terminal would obey, or no plot can hold, is refused."""

import pytest

from mmlhl.evaluation import LifelongRecord, record_format


def two_phases():
    record = LifelongRecord("Naive", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 1.0, {"seg/mIoU": 50.0})
    measured = {"seg/mIoU": 40.0, "depth/abs_err": 0.1}
    record.add_phase("depth", ["depth"], "phase_2_depth/depth.pth", 1.0, measured)
    return record


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\x07", "\ud800", "\u202egpj", "\u2028"])
@pytest.mark.parametrize("place", ["method", "task", "name", "metrics", "metric", "unit"])
def test_names_that_a_terminal_would_obey_are_refused(place, text):
    data = two_phases().to_dict()
    task = next(iter(data["metrics"]))
    metric = next(iter(data["metrics"][task]))
    if place == "method":
        data["method"] = text
    elif place == "task":
        data["phases"][0]["tasks"] = [text]
    elif place == "name":
        data["phases"][0]["name"] = text
    elif place == "metrics":
        data["metrics"][text] = data["metrics"].pop(task)
    elif place == "metric":
        data["metrics"][task][text] = data["metrics"][task].pop(metric)
    else:
        data["metrics"][task][metric]["unit"] = text
    with pytest.raises(ValueError, match="which is no name") as error:
        record_format.check(data)
    assert str(error.value).isprintable()


def test_values_beyond_what_can_be_drawn_are_refused():
    data = two_phases().to_dict()
    task = next(iter(data["metrics"]))
    next(iter(data["metrics"][task].values()))["values"][0] = -1.7e308
    with pytest.raises(ValueError, match="values holds -1.7e"):
        record_format.check(data)


def test_a_key_given_twice_is_named(tmp_path):
    record, path = two_phases(), tmp_path / "lifelong.json"
    record.save(path)
    written = path.read_text()
    for key, first in (("phases", "[]"), ("seg", "{}"), ("name", '"seg"')):
        merged = written.replace(f'"{key}": ', f'"{key}": {first}, "{key}": ', 1)
        assert merged != written
        path.write_text(merged, encoding="utf-8-sig")  # as some editors store it
        with pytest.raises(ValueError, match=rf"lifelong.json gives {key!r} a second time: keep"):
            LifelongRecord.load(path)
    path.write_text(written)
    assert len(LifelongRecord.load(tmp_path)) == 2
