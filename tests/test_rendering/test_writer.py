import json
import multiprocessing
import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlhl.rendering import CLASSES, render, scene_and_camera, write_rooms, writer

SIZE = {"height": 24, "width": 32}


def write(root, train=3, val=2, workers=1, **options):
    return write_rooms(root, train, val, **{**SIZE, **options}, workers=workers, progress=False)


def contents(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("rooms")
    assert write(root) == 5
    return root


@pytest.fixture
def copy(written, tmp_path):
    for name, data in contents(written).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def test_layout(written):
    folders = ("image", "label", "depth", "normal")
    expected = {f"train/{f}/{i:05d}.png" for f in folders for i in range(3)}
    expected |= {f"val/{f}/{i:05d}.png" for f in folders for i in range(2)} | {"rooms.json"}
    assert set(contents(written)) == expected
    state = json.loads((written / "rooms.json").read_text())
    assert (state["train"], state["val"], state["seed"]) == (3, 2, 0)
    assert tuple(state["classes"]) == CLASSES


def test_files_hold_what_was_rendered(written):
    exact = render(*scene_and_camera("train", 1, **SIZE), **SIZE)
    image, label, depth, normal = (
        cv2.imread(str(written / "train" / folder / "00001.png"), cv2.IMREAD_UNCHANGED)
        for folder in ("image", "label", "depth", "normal")
    )
    assert np.array_equal(image[..., ::-1], exact["image"])
    assert label.dtype == np.uint8 and label.ndim == 2
    known = label != 255
    assert known.mean() > 0.7 and np.array_equal(label[known], exact["label"][known])
    assert depth.dtype == np.uint16 and depth.ndim == 2
    measured = depth > 0
    assert measured.mean() > 0.3
    assert np.abs(depth[measured] / 1000 - exact["depth"][measured]).max() <= 0.00051
    assert normal.dtype == np.uint16 and normal.shape == (24, 32, 3)
    there = (normal > 0).any(axis=2)
    vectors = normal[..., ::-1] / 32767.5 - 1
    assert there.mean() > 0.3
    assert np.abs(vectors[there] - exact["normal"][there]).max() < 2e-5


def test_complete_dataset_is_not_changed(copy):
    stamps = {p: p.stat().st_mtime_ns for p in copy.rglob("*.png")}
    marker = (copy / "rooms.json").stat().st_mtime_ns
    assert write(copy) == 0
    assert stamps == {p: p.stat().st_mtime_ns for p in copy.rglob("*.png")}
    assert marker == (copy / "rooms.json").stat().st_mtime_ns


def test_missing_files_come_back_the_same(copy, written):
    (copy / "train/depth/00002.png").unlink()
    (copy / "val/image/00000.png").unlink()
    untouched = copy / "train/image/00000.png"
    stamp = untouched.stat().st_mtime_ns
    assert write(copy) == 2
    assert contents(copy) == contents(written)
    assert untouched.stat().st_mtime_ns == stamp


def test_interrupted_set_is_completed(copy, written):
    (copy / "rooms.json").rename(copy / "rooms.json.begun")
    (copy / "train/label/00001.png").unlink()
    (copy / f"train/label/.00001.png.{2**30}.tmp").write_bytes(b"half")  # of a killed process
    assert write(copy) == 1
    assert not (copy / "rooms.json.begun").exists()
    assert contents(copy) == contents(written)


def test_more_scenes_are_added_and_no_scene_depends_on_how_many(copy, written):
    assert write(copy, train=4) == 1
    grown, before = contents(copy), contents(written)
    assert all(grown[name] == data for name, data in before.items() if name != "rooms.json")
    assert json.loads(grown["rooms.json"])["train"] == 4


def test_workers_do_not_change_a_byte(written, tmp_path, monkeypatch, capsys):
    """Through the command line, as the demo calls it."""
    tool = Path(__file__).parents[2] / "tools/dataset_converters/rooms.py"
    options = "--train 3 --val 2 --height 24 --width 32 --workers 2".split()
    monkeypatch.setattr(sys, "argv", [str(tool), "--out", str(tmp_path), *options])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # which it sets
        monkeypatch.setenv(name, "1")
    runpy.run_path(str(tool), run_name="__main__")  # a failure exits
    assert "3 train and 2 val scenes" in capsys.readouterr().out
    assert contents(tmp_path) == contents(written)


def test_a_killed_worker_ends_the_command(monkeypatch):
    forked = multiprocessing.get_context("fork")  # sooner than a server that imports everything
    monkeypatch.setattr(writer.multiprocessing, "get_context", lambda _: forked)
    monkeypatch.setattr(writer, "_start_worker", None)  # OpenCV's threads do not survive a fork
    monkeypatch.setattr(writer, "_write_job", os._exit)
    with pytest.raises(ChildProcessError, match="lower --workers"):
        writer._run([1, 2], 2, progress=False)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": 1}, "seed 0, but 1 was asked for"),
        ({"height": 32}, "height 24, but 32 was asked for"),
        ({"train": 2}, "3 train scenes, but 2 were asked for"),
    ],
)
def test_another_dataset_in_the_folder_is_an_error(copy, written, options, message):
    with pytest.raises(ValueError, match=message):
        write(copy, **options)
    assert contents(copy) == contents(written)


def test_another_seed_is_an_error_for_a_half_written_set_too(copy):
    (copy / "rooms.json").rename(copy / "rooms.json.begun")
    with pytest.raises(ValueError, match="seed 0, but 3 was asked for"):
        write(copy, seed=3)


def test_foreign_files_and_broken_markers_are_errors(copy):
    (copy / "rooms.json").write_text("{")
    with pytest.raises(ValueError, match="rooms.json is not readable as JSON"):
        write(copy)
    (copy / "rooms.json").unlink()
    with pytest.raises(ValueError, match="no rooms.json that says of which seed"):
        write(copy)


@pytest.mark.parametrize("name, value", [("train", -1), ("height", 4), ("seed", -1)])
def test_numbers_out_of_range(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer >= .*, got {value}"):
        write(tmp_path, **{name: value})
    assert not contents(tmp_path)
