import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmlhl.evaluation import LifelongRecord

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "compare.py"


def write_runs(folder):
    for method, miou in (("naive", 20.0), ("HAD", 40.0)):
        for seed in (0, 1):
            record = LifelongRecord(method, seed)
            record.add_phase("seg", ["seg"], "", 30, {"seg/mIoU": 50.0})
            figures = {"seg/mIoU": miou + seed, "depth/abs_err": 0.5}
            record.add_phase("depth", ["depth"], "", 30, figures)
            record.save(folder / f"{method}_{seed}" / "lifelong.json")


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=dict(
            os.environ, PYTHONPATH=str(TOOL.parents[2]), PYTHONIOENCODING="utf-8", COLUMNS="100"
        ),
    )


def test_from_records_to_screen_and_files(tmp_path):
    write_runs(tmp_path)
    outs = [tmp_path / "out" / f"tables.{kind}" for kind in ("csv", "md", "tex")]
    done = run(tmp_path, "--out", *outs)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    # mIoU 40 and 41 against a mean of 20.5; depth equal.
    assert ["HAD", "+48.78", "±", "1.72"] == next(x for x in lines if x[:1] == ["HAD"])[:4]
    assert max(map(len, done.stdout.splitlines())) <= 100
    with open(outs[0], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (gain,) = (r for r in rows if (r["row"], r["column"]) == ("HAD", "gain over naive %"))
    assert float(gain["mean"]) == pytest.approx(100 * (20.0 / 20.5) / 2)
    assert "| HAD | **+48.78 ± 1.72** |" in outs[1].read_text(encoding="utf-8")
    assert outs[2].read_text(encoding="utf-8").count(r"\begin{table}") == 5


def test_errors_are_one_clear_line(tmp_path):
    write_runs(tmp_path)
    (tmp_path / "HAD_0" / "lifelong.json").write_text("{")
    done = run(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "HAD_0" in done.stderr and "is not JSON" in done.stderr
