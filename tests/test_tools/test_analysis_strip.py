import runpy
import sys
from pathlib import Path

import cv2
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "strip.py"


def run(*args):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(TOOL), *map(str, args)])
        runpy.run_path(str(TOOL), run_name="__main__")


def test_draws_a_test_image_or_names_what_is_missing(trained, tmp_path):
    work_dir, out = trained[0].work_dir, tmp_path / "strip.jpg"
    run(work_dir, "--image", 4, "--width", 60, "--out", out)
    assert cv2.imread(str(out)).shape[1] == 5 * 60 + 4 * 6
    with pytest.raises(SystemExit, match="strip.py: there is no test image 5; there are 5, from 0"):
        run(work_dir, "--image", 5, "--out", out)
    with pytest.raises(SystemExit, match="strip.py: There is no record"):
        run(tmp_path, "--out", out)
