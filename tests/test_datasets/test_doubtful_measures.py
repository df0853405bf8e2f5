"""Remarks on numbers that are hardly metres, and on normals of odd lengths or in another frame."""

import re

import cv2
import numpy as np
import pytest

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.checking import check_samples
from mmlhl.datasets.decoding import reorder_axes
from mmlhl.datasets.first_sample import look_at_first


def report(root, array, suffix=".png", **ann):
    for folder in ("image", "task"):
        (root / folder).mkdir(exist_ok=True)
    for i in range(2):
        cv2.imwrite(str(root / "image" / f"{i}.png"), np.zeros((*array.shape[:2], 3), np.uint8))
        if suffix == ".npy":
            np.save(root / "task" / f"{i}.npy", array)
        else:
            cv2.imwrite(str(root / "task" / f"{i}{suffix}"), array)
    spec = dict(task=dict(dir="task", suffix=suffix, field="task_map", **ann))
    data = MultiTaskDataset(data_root=str(root), annotations=spec)
    return check_samples(data)[1], look_at_first(data)


def remarks(found):
    return " | ".join(found.fatal + found.remarks + found.problems)


MILLIMETRES = np.linspace(700, 3204, 16).reshape(4, 4).astype(np.uint16)


@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_depth_without_scale(tmp_path, suffix):
    found, first = report(tmp_path, MILLIMETRES, suffix, kind="depth")
    sentence = "'task' is read without 'scale' and reaches 3204 m; if it is stored in mill"
    assert sentence in remarks(found) and sentence in first[0]
    assert str(tmp_path / "task" / "0") in first[0]


def test_depth_of_floats_beyond_a_kilometre(tmp_path):
    found, first = report(tmp_path, MILLIMETRES + 900.5, ".npy", kind="depth")
    assert "reaches 4104.5 m" in remarks(found) and first


# stored millimetres, a picture of 0..10 m in 8 bits, KITTI's 1/256 m, floats in metres
PICTURE = np.linspace(18, 255, 16).reshape(4, 4).astype(np.uint8)
SKY = np.where(np.eye(4), 65535, MILLIMETRES).astype(np.uint16)


@pytest.mark.parametrize(
    ("array", "suffix", "ann", "sentence"),
    [
        (PICTURE, ".png", dict(), "reaches 255 m; if 255 stands for 10 m, set scale=10/255"),
        (PICTURE, ".jpg", dict(), "reaches 255 m; if 255 stands for 10 m, set scale=10/255"),
        (MILLIMETRES, ".png", dict(), "in 1/256 m as in KITTI, scale=1/256"),
        (
            MILLIMETRES,
            ".png",
            dict(scale=1000),
            r"reaches 3.204e\+06 m .* set 1/1000 ",
        ),
        (
            MILLIMETRES,
            ".png",
            dict(scale=256),
            "from stored numbers to metres, so set 1/256",
        ),
        (MILLIMETRES / 1e3, ".npy", dict(scale=0.001), "reaches only 0.0032 m with scale=0.001"),
        (
            SKY,
            ".png",
            dict(scale=0.01),
            "25 % of 'task' are 65535, .* read as 655.35; .*invalid",
        ),
        (SKY, ".png", dict(scale=0.001, invalid=7), r"65.535; .* set invalid=\(7, 65535\)"),
        (SKY, ".png", dict(scale=0.01, inverse=True), "greatest number of 16 bits"),
    ],
)
def test_numbers_that_are_hardly_metres(tmp_path, array, suffix, ann, sentence):
    found, first = report(tmp_path, array, suffix, kind="depth", **ann)
    for text in (remarks(found), *first):
        assert re.search(sentence, text)
    assert len(first) == 1


@pytest.mark.parametrize(
    ("array", "ann"),
    [
        (MILLIMETRES, dict(scale=0.001)),
        (SKY, dict(scale=0.001, invalid=(0, 65535))),
        (SKY, dict(scale=0.01, max_value=80)),
        (MILLIMETRES, dict(scale=1 / 256)),
        (MILLIMETRES, dict(scale=1e-5)),  # an endoscope's 0 to 100 mm
        (MILLIMETRES, dict(scale=1)),  # the config gives the scale of metres
        (MILLIMETRES, dict(inverse=True)),  # disparity has another unit
        (MILLIMETRES / 1000, dict()),
        (np.arange(1, 17).reshape(4, 4), dict()),
        (np.full((4, 4), 0.5) + np.eye(4) * 655, dict()),  # a few far pixels, no whole numbers
    ],
)
def test_depth_that_may_be_metres(tmp_path, array, ann):
    found, first = report(tmp_path, array, ".npy", kind="depth", **ann)
    assert "scale" not in remarks(found) and "65535" not in remarks(found) and first == []


def test_lengths_of_normals(tmp_path):
    tilted = np.zeros((4, 4, 3)) + [0.6, 0, -0.8]
    tilted[0] = [0, 0, -1]
    found, first = report(tmp_path, tilted, ".npy", kind="normal")
    assert remarks(found) == "" and first == []
    found, first = report(tmp_path, tilted * 5, ".npy", kind="normal")
    sentence = "100 % of the normals of 'task' have lengths far from 1 (5..5)"
    assert sentence in remarks(found) and sentence in first[0]
    tilted[:1] = 0  # a border without normals
    assert "lengths" not in remarks(report(tmp_path, tilted, ".npy", kind="normal")[0])
    stained = np.full((4, 4, 3), (128, 128, 0), np.uint8)
    stained[0] = 255  # white is a fill value only if configured
    assert "25 % of the normals" in remarks(report(tmp_path, stained, ".npy", kind="normal")[0])
    colours = (tilted + 1) * 127.5
    found, first = report(tmp_path, colours.astype(np.float32), ".npy", kind="normal")
    assert "2 files of 'task' are broken" in remarks(found) and "set scale=2/255" in remarks(found)
    assert "have lengths far from 1" in first[0]
    tiny = np.full((4, 4, 3), 1e-3)
    assert "lengths far from 1 (0.00173" in report(tmp_path, tiny, ".npy", kind="normal")[1][0]


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_normals_as_signed_integers(tmp_path, kind):
    array = np.round((scene(OURS) / 127.5 - 1) * np.iinfo(kind).max).astype(kind)
    assert look_at_first_and_all(tmp_path, array) == ("", [])
    array[:1] //= 4
    found, first = look_at_first_and_all(tmp_path, array)
    assert "25 % of the normals" in found and "25 % of the normals" in first[0]


def look_at_first_and_all(root, array):
    found, first = report(root, array, ".npy", kind="normal")
    return remarks(found), first


def scene(axes=("x", "y", "-z"), order=(0, 1, 2)):
    """Normals of walls, floor and ceiling as 8-bit colours in a publisher's frame."""
    angles = np.radians([-70, -35, 0, 0, 35, 70])
    walls = np.stack([np.sin(angles), 0 * angles, -np.cos(angles)], axis=1)
    floor = walls * 0 - (0, 1, 0)
    normals = reorder_axes(np.stack([walls, walls, floor, -floor]), axes)
    return np.round((normals + 1) * 127.5).astype(np.uint8)[..., order]


OURS = ("x", "y", "z")


@pytest.mark.parametrize(
    ("array", "ann", "sentence"),
    [
        (scene(), dict(), r"only 0 % of .* set axes=\('x', 'y', '-z'\)"),
        (scene(OURS, (2, 1, 0)), dict(), r"same sign of x; if blue .* set channels=\(2, 1, 0\)"),
        (scene(OURS, (2, 1, 0))[:2, 4:], dict(), r"only 0 % .* blue .*, channels=\(2, 1, 0\)"),
        (scene(order=(2, 1, 0)), dict(), r"same sign of x; if blue .* set channels=\(2, 1, 0\)"),
        (scene(("x", "-z", "y")), dict(), "same sign of y; if y and z change places"),
        (np.vstack([scene(OURS), scene(), scene()]), dict(), "only 33 % .* frame of the world"),
    ],
)
def test_normals_in_another_frame(tmp_path, array, ann, sentence):
    found, first = report(tmp_path, array, ".npy", kind="normal", **ann)
    assert re.search(sentence, remarks(found)) and re.search(sentence, first[0])
    assert "camera" in first[0] and len(first) == 1


@pytest.mark.parametrize(
    ("array", "ann"),
    [
        (scene(OURS), dict()),
        (scene(), dict(axes=("x", "y", "-z"))),
        (scene(OURS, (2, 1, 0)), dict(channels=(2, 1, 0))),
        (scene(OURS)[2:3], dict()),  # a level camera over a floor
        (scene(OURS)[:2, :2], dict()),  # walls on one side only
        (
            np.where(np.eye(4, 6)[:, ::-1][..., None], 255 - scene(OURS), scene(OURS)),
            dict(),
        ),  # wide angle
    ],
)
def test_normals_that_point_towards_the_camera(tmp_path, array, ann):
    found, first = report(tmp_path, array, ".npy", kind="normal", **ann)
    assert "camera" not in remarks(found) and first == []


UNIT = np.zeros((4, 4, 3), np.float32)


@pytest.mark.parametrize(
    ("array", "suffix", "ann", "why"),
    [
        # millimetres with a bound in metres, whose scale was forgotten
        (MILLIMETRES, ".png", dict(kind="depth", max_value=10), "or above max_value=10 metres"),
        (MILLIMETRES * 0, ".png", dict(kind="depth"), "all numbers are 'invalid'"),
        (UNIT, ".npy", dict(kind="normal"), "all numbers are 'invalid'"),
        (UNIT + np.nan, ".npy", dict(kind="normal", invalid=("nan",)), "'invalid'"),
        (UNIT[..., 0] + 9, ".npy", dict(kind="channels", invalid=9), "'invalid'"),
        (UNIT[..., 0] + 9, ".npy", dict(kind="channels", max_value=2), "above max_value=2, which"),
    ],
)
def test_maps_of_which_nothing_is_known(tmp_path, array, suffix, ann, why):
    found, (first,) = report(tmp_path, array, suffix, **ann)
    assert "'task' has no known pixel" in remarks(found)
    assert f"{tmp_path}/task/0{suffix}: nothing is known of 'task' in 2 file(s)" in first
    assert why in first


def test_masks_without_foreground(tmp_path):
    empty = np.zeros((4, 4), np.uint8)
    found, (first,) = report(tmp_path, empty, kind="binary")
    for text in (remarks(found), first):
        assert "'task' has no foreground (1) in any of 2 files" in text and "'id_map'" in text
    for name, mask in (("1", empty + 1), ("0", empty + 255)):
        cv2.imwrite(f"{tmp_path}/task/{name}.png", mask)
    data = dict(task=dict(dir="task", suffix=".png", kind="binary", ignore=255))
    assert look_at_first(MultiTaskDataset(data_root=str(tmp_path), annotations=data)) == []


def test_one_empty_map_is_nothing_unusual(tmp_path):
    report(tmp_path, MILLIMETRES * 0, kind="depth")
    cv2.imwrite(str(tmp_path / "task" / "1.png"), MILLIMETRES)
    spec = dict(task=dict(dir="task", kind="depth", scale=0.001, field="task_map"))
    assert look_at_first(MultiTaskDataset(data_root=str(tmp_path), annotations=spec)) == []
