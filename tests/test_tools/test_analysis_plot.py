import os
import subprocess
import sys
from pathlib import Path

from mmlhl.evaluation import LifelongRecord

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "plot.py"


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(TOOL.parents[2]), PYTHONIOENCODING="utf-8"),
    )


def test_writes_all_pictures_in_all_formats(tmp_path):
    for method, miou in (("naive", 20.0), ("DER++", 40.0)):
        record = LifelongRecord(method, 0)
        record.add_phase("seg", ["seg"], "", 30, {"seg/mIoU": 50.0})
        record.add_phase("depth", ["depth"], "", 30, {"seg/mIoU": miou, "depth/abs_err": 0.5})
        record.save(tmp_path / "runs" / method / "lifelong.json")
    out = tmp_path / "plots"
    done = run(tmp_path / "runs", "--out", out, "--format", "png", "svg")
    assert done.returncode == 0, done.stderr
    names = ("curves", "gain", "heat_DERpp", "heat_naive")
    expected = [f"seg_depth_{name}.{kind}" for name in names for kind in ("png", "svg")]
    assert sorted(path.name for path in out.iterdir()) == sorted(expected)
    assert all(path.stat().st_size > 2000 for path in out.iterdir())


def test_a_missing_record_is_one_clear_line(tmp_path):
    done = run(tmp_path, "--out", tmp_path / "plots")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "no lifelong.json below" in done.stderr and not (tmp_path / "plots").exists()
