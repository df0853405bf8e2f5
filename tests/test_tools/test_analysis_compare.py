import csv
import importlib.util
from pathlib import Path

import pytest

from mmlhl.evaluation import LifelongRecord

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "compare.py"


def write_runs(folder):
    for method, miou in (("naive", 20.0), ("HAD", 40.0)):
        for seed in (0, 1):
            record = LifelongRecord(method, seed)
            record.add_phase("seg", ["seg"], "", 30, {"seg/mIoU": 50.0})
            metrics = {"seg/mIoU": miou + seed, "depth/abs_err": 0.5}
            record.add_phase("depth", ["depth"], "", 30, metrics)
            record.save(folder / f"{method}_{seed}" / "lifelong.json")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_compare", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_from_records_to_screen_and_files(tmp_path, tool, capsys):
    write_runs(tmp_path)
    outs = [tmp_path / "out" / f"tables.{kind}" for kind in ("csv", "md", "tex")]
    tool.main([str(tmp_path), "--out", *map(str, outs)])
    screen = capsys.readouterr().out.splitlines()
    lines = [line.split() for line in screen]
    # mIoU 40 and 41 against a mean of 20.5; depth equal.
    assert ["HAD", "+48.78", "±", "1.72"] == next(x for x in lines if x[:1] == ["HAD"])[:4]
    assert max(len(line.rstrip()) for line in screen if not line.startswith("Wrote")) <= 100
    with open(outs[0], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (gain,) = (r for r in rows if (r["row"], r["column"]) == ("HAD", "gain over naive %"))
    assert float(gain["mean"]) == pytest.approx(100 * (20.0 / 20.5) / 2)
    assert "| HAD | **+48.78 ± 1.72** |" in outs[1].read_text(encoding="utf-8")
    assert outs[2].read_text(encoding="utf-8").count(r"\begin{table}") == 5


def test_errors_are_one_clear_line(tmp_path, tool, capsys):
    write_runs(tmp_path)
    (tmp_path / "HAD_0" / "lifelong.json").write_text("{")
    with pytest.raises(ValueError, match=r"HAD_0.* is not JSON"):
        tool.main([str(tmp_path)])
    with pytest.raises(SystemExit):
        tool.main([str(tmp_path), "--out", "tables.xls"])
    assert "tables.xls: the name must end in one of .csv, .md, .tex" in capsys.readouterr().err


def test_runs_that_are_not_alike_are_named_whatever_the_tables(tmp_path, tool, capsys):
    write_runs(tmp_path)
    path = tmp_path / "HAD_1" / "lifelong.json"
    record = LifelongRecord.load(path)
    for phase in record.phases:
        phase["steps"] = 10
    record.save(path)
    record = LifelongRecord.load(tmp_path / "HAD_0")
    for phase in record.phases:
        phase["steps"] = 20
    record.save(record.path)
    for tables in (["summary", "final"], ["final"], ["phases"]):
        tool.main([str(tmp_path), "--tables", *tables, "--out", str(tmp_path / "t.md")])
        assert (tmp_path / "t.md").read_text().count("HAD: seed 1 is not alike seed 0") == 1
        assert "phase 1: steps 10, not 20" in " ".join(capsys.readouterr().out.split())
    assert not list(tmp_path.glob(".*"))  # temporary names are gone


def test_metrics_and_tables_of_choice(tmp_path, tool, capsys):
    write_runs(tmp_path)
    tool.main([str(tmp_path), "--metrics", "mIoU", "--tables", "final", "forgetting"])
    screen = capsys.readouterr().out
    assert "mIoU" in screen and "abs_err" not in screen and "summary" not in screen
