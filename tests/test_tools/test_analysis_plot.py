import importlib.util
from pathlib import Path

import pytest

from mmlhl.evaluation import LifelongRecord

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "plot.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_plot", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_writes_all_pictures_in_all_formats(tmp_path, tool, capsys):
    for method, miou in (("naive", 20.0), ("DER++", 40.0)):
        record = LifelongRecord(method, 0)
        record.add_phase("seg", ["seg"], "", 30, {"seg/mIoU": 50.0})
        record.add_phase("depth", ["depth"], "", 30, {"seg/mIoU": miou, "depth/abs_err": 0.5})
        record.save(tmp_path / "runs" / method / "lifelong.json")
    out = tmp_path / "plots"
    tool.main([str(tmp_path / "runs"), "--out", str(out), "--format", "png", "svg"])
    names = ("curves", "gain", "heat_DERpp", "heat_naive")
    expected = [f"seg_depth_{name}.{kind}" for name in names for kind in ("png", "svg")]
    assert sorted(path.name for path in out.iterdir()) == sorted(expected)
    assert all(path.stat().st_size > 2000 for path in out.iterdir())
    assert len(capsys.readouterr().out.splitlines()) == len(expected)


def test_gains_without_naive_training_are_said_to_be_missing(tmp_path, tool, capsys):
    record = LifelongRecord("HAD", 0)
    record.add_phase("seg", ["seg"], "", 30, {"seg/mIoU": 50.0})
    record.save(tmp_path / "runs" / "lifelong.json")
    tool.main([str(tmp_path / "runs"), "--out", str(tmp_path / "plots"), "--plots", "gain"])
    assert capsys.readouterr().out == "No gains of seg: no run has the label 'naive' (--naive)\n"


def test_a_missing_record_is_one_clear_line(tmp_path, tool):
    with pytest.raises(OSError, match="There is no lifelong.json below"):
        tool.main([str(tmp_path), "--out", str(tmp_path / "plots")])
    assert not (tmp_path / "plots").exists()


def test_no_picture_replaces_another(tool):
    taken = set()
    labels = ("HAD (a)", "HAD [a]", "had a", "LwF")
    found = [tool.unused(tool.file_name(label), taken) for label in labels]
    assert found == ["HAD_a", "HAD_a_2", "had_a_3", "LwF"]
