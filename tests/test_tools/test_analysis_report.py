"""The report's command, and the report at the end of tools/train.py."""

import importlib.util
import runpy
import sys
from pathlib import Path

import pytest

from mmlhl.engine import LifelongRunner
from mmlhl.evaluation import LifelongRecord

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def work_dir(tmp_path):
    record = LifelongRecord("HAD", 0)
    record.add_phase("seg", ["seg"], None, 90, {"seg/mIoU": 50.0})
    record.save(tmp_path / "had" / "lifelong.json")
    return tmp_path / "had"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "analysis_report", TOOLS / "analysis_tools" / "report.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_report_of_one_run_is_in_its_work_dir(work_dir, tool, capsys):
    tool.main([str(work_dir), "--title", "Mine"])
    assert "<h1>Mine</h1>" in (work_dir / "report.html").read_text()
    assert "| seg mIoU [%] ↑ | 50.00 |" in (work_dir / "report.md").read_text()
    assert "| 1 seg | 1.5 |" in (work_dir / "report.md").read_text()
    assert "report.md" in capsys.readouterr().out


def test_errors_are_one_clear_line(work_dir, tool, tmp_path):
    out = ["--out", str(tmp_path / "r.html")]
    for arguments, message in (
        ([str(tmp_path / "none")], "There is no record at .*none"),
        ([str(work_dir), "--strips", "1", *out], "strips need the checkpoint of every"),
    ):
        with pytest.raises(OSError, match=message):
            tool.main(arguments)
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("options", [[], ["--no-report"]])
def test_a_sequence_ends_with_a_report_unless_it_is_left_out(
    work_dir, tmp_path, monkeypatch, sequence_config, options
):
    monkeypatch.setattr(LifelongRunner, "train", lambda self: None)
    sequence_config(work_dir).dump(str(tmp_path / "config.py"))
    monkeypatch.setattr(sys, "argv", ["train.py", str(tmp_path / "config.py"), *options])
    runpy.run_path(str(TOOLS / "train.py"), run_name="__main__")
    assert (work_dir / "report.html").exists() == (not options)
