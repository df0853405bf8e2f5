"""Stored numbers that a file shows as other greys: ids, masks and measures."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets import MultiTaskDataset

_spec = importlib.util.spec_from_file_location(
    "png", Path(__file__).parents[1] / "test_reading" / "png.py"
)
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)

NUMBERS = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
MASK = (NUMBERS > 1).astype(np.uint8)
STEPS = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]


def with_palette(numbers, colours, kind="PNG"):
    image = Image.fromarray(numbers, mode="P")
    flat = [v for c in colours for v in (c if isinstance(c, tuple) else (c, c, c))]
    image.putpalette(flat)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def few_bits(numbers, bits):
    return writer.png(numbers, bits, writer.GREY)


def grey(numbers):
    return writer.png(numbers, 8, writer.GREY)


def labels(root, *files, kind="classes", suffix=".png", **ann):
    """The labels of images, one per file."""
    for folder in ("image", "task"):
        (root / folder).mkdir()
    for i, content in enumerate(files):
        (root / "task" / f"{i}{suffix}").write_bytes(content)
        (root / "image" / f"{i}.png").write_bytes(grey(NUMBERS))
    spec = dict(kind=kind, dir="task", suffix=suffix, field="task_map", **ann)
    data = MultiTaskDataset(data_root=str(root), annotations=dict(task=spec), pipeline=STEPS)
    found = [data[i]["gt_task_map"] for i in range(len(files))]
    return found[0] if len(files) == 1 else found


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize(
    ("greys", "ann"),
    [
        ([0, 7, 8, 11], dict(num_classes=20)),
        ([0, 1, 2, 255], dict(num_classes=4)),  # the last one is void
        ([0, 1, 2, 255], dict(num_classes=3)),
        ([3, 2, 1, 0], dict(num_classes=4)),
        ([0, 40, 80, 120], dict(id_map={i: i % 40 for i in [0, 1, 2, 3, 40, 80, 120]})),
        ([1, 2, 3, 4], dict(num_classes=4, reduce_zero_label=True)),
    ],
)
def test_greys_that_are_ids_as_well(tmp_path, kind, greys, ann):
    content = with_palette(NUMBERS, greys, kind)
    with pytest.raises(ValueError, match=r"task/0\.\w+: its palette shows the number \d as the"):
        labels(tmp_path, content, suffix=f".{kind.lower()[:3]}", **ann)


@pytest.mark.parametrize(
    ("colours", "classes"),
    [
        ([0, 1, 2, 3], 4),  # greys are the ids
        ([0, 85, 170, 255], 4),  # shown well, as no class is 85
        ([0, 0, 0, 0], 4),
        ([(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)], 21),
        ([0, 7, 8, (9, 11, 11)], 20),
        ([0, 254, 253, 252], 250),
    ],
)
def test_ids_are_the_numbers_of_a_palette(tmp_path, colours, classes):
    found = labels(tmp_path, with_palette(NUMBERS, colours), num_classes=classes)
    assert np.array_equal(found, NUMBERS)


@pytest.mark.parametrize("whites", [[0, 255], [255, 0]])
def test_black_and_white_are_two_ids(tmp_path, whites):
    found = labels(tmp_path, with_palette(MASK, whites), num_classes=2)
    assert np.array_equal(found, MASK)


@pytest.mark.parametrize("kind", ["classes", "binary"])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_ids_as_stored(tmp_path, kind, bits):
    options = dict(num_classes=2) if kind == "classes" else {}
    assert np.array_equal(labels(tmp_path, few_bits(MASK, bits), kind=kind, **options), MASK)


SMALL = [
    with_palette(MASK, [0, 255]),
    with_palette(MASK, [0, 255], "GIF"),
    with_palette(1 - MASK, [255, 0]),
    few_bits(MASK, 1),
    few_bits(MASK * 3, 2),
    few_bits(MASK * 15, 4),
]


@pytest.mark.parametrize("content", SMALL)
def test_masks_that_were_made_smaller(tmp_path, content):
    """All say the same as the mask of 0 and 255, alone and among others."""
    first, second = labels(tmp_path, content, grey(MASK * 255), kind="binary", threshold=127)
    assert np.array_equal(first, MASK) and np.array_equal(second, MASK)


@pytest.mark.parametrize("content", SMALL)
def test_a_set_of_such_masks_alone(tmp_path, content):
    assert np.array_equal(labels(tmp_path, content, kind="binary", threshold=127), MASK)


def test_thresholds_of_few_bits(tmp_path):
    found = labels(tmp_path, few_bits(NUMBERS, 2), kind="binary", threshold=1)
    assert np.array_equal(found, MASK)


def test_a_threshold_between_numbers_and_between_greys(tmp_path):
    content = with_palette(NUMBERS, [255, 200, 100, 0])
    with pytest.raises(ValueError, match=r"its palette shows the number 0 as the grey 255"):
        labels(tmp_path, content, kind="binary", threshold=1.5)


@pytest.mark.parametrize("kind", ["depth", "channels"])
def test_measures_with_a_palette(tmp_path, kind):
    colours = [(9, 9, 99), (9, 99, 9), (99, 9, 9), (99, 99, 9)]
    for root, greys in (("a", colours), ("b", [0, 1, 2, 3]), ("c", [5, 5, 5, 5])):
        (tmp_path / root).mkdir()
        found = labels(tmp_path / root, with_palette(NUMBERS, greys), kind=kind)
        assert np.array_equal(np.nan_to_num(found), NUMBERS)
    (tmp_path / "d").mkdir()
    with pytest.raises(ValueError, match=rf"store the {kind} as grey without a palette"):
        labels(tmp_path / "d", with_palette(NUMBERS, [0, 20, 40, 60]), kind=kind)


def test_grey_gif(tmp_path):
    file = io.BytesIO()
    Image.fromarray(NUMBERS * 9).save(file, "GIF", optimize=False)
    found = labels(tmp_path, file.getvalue(), suffix=".gif", num_classes=40)
    assert np.array_equal(found, NUMBERS * 9)
