"""What README and the docs show of prediction and export runs as it stands there."""

import importlib.util
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlhl.cli import TOOLS

ROOT = Path(__file__).resolve().parents[2]
DEMO = Path("work_dirs/demo/phase_3_normal/normal.pth")


def blocks(page, language):
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def demo(checkpoint, tmp_path, monkeypatch):
    """A folder with what the pages presume: the demo's model and photographs."""
    (tmp_path / DEMO).parent.mkdir(parents=True)
    shutil.copy(checkpoint, tmp_path / DEMO)
    (tmp_path / "photos").mkdir()
    for path in ("photo.jpg", "photos/a.jpg", "photos/b.jpg"):
        image = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
        cv2.imwrite(str(tmp_path / path), image)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_command(block, monkeypatch):
    """Run a block of one `mmlhl ...` command in this process."""
    program, name, *arguments = shlex.split(block.replace("photos/*.jpg", "'photos/*.jpg'"))
    assert program == "mmlhl"
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(ROOT / "tools" / TOOLS[name]), run_name="__main__")


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/inference.md"])
def test_prediction_in_four_lines(demo, page):
    (block,) = (b for b in blocks(page, "python") if "LifelongInferencer(" in b)
    assert len([line for line in block.splitlines() if line]) <= 4
    names = {}
    exec(block, names)
    assert {task: maps.shape[:2] for task, maps in names["maps"].items()} == dict.fromkeys(
        ("seg", "depth", "normal"), (32, 48)
    )


def test_inference_page(demo, monkeypatch, capsys):
    names = {}
    for block in blocks("docs/inference.md", "python"):
        exec(block, names)
    assert "a " in capsys.readouterr().out and (demo / "predicted/depth/b.png").exists()
    for block in blocks("docs/inference.md", "bash"):
        run_command(block, monkeypatch)
    assert (demo / "predicted/panels/a.png").exists()
    page = (ROOT / "docs/inference.md").read_text()
    options = (ROOT / "tools/infer.py").read_text()
    for flag in re.findall(r'"(--[\w-]+)"', options) + ["--trust-checkpoint"]:
        assert f"`{flag}" in page, flag


@pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)
def test_export_page(demo, monkeypatch, capsys):
    (command,) = blocks("docs/export.md", "bash")
    run_command(command, monkeypatch)
    (block,) = blocks("docs/export.md", "python")
    exec(block, {})
    assert "'depth': ((1, 1, 480, 640), 'm')" in capsys.readouterr().out
    page = (ROOT / "docs/export.md").read_text()
    options = (ROOT / "tools/model_converters/export.py").read_text()
    for flag in re.findall(r'"(--[\w-]+)"', options):
        assert f"`{flag}" in page, flag
