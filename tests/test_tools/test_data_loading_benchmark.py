"""The loader benchmark runs."""

import runpy
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "benchmarks" / "data_loading.py"


def test_runs(capsys):
    main = runpy.run_path(str(TOOL))["main"]
    rates = main("--count 4 --size 12 16 --workers 0 --repeats 1 --batch-size 2".split())
    assert rates["plain"] > 0 and rates["mmlhl"] > 0
    assert "images per second" in capsys.readouterr().out
