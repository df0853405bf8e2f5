"""Remarks of check_dataset: tasks without anything to learn, and unusual units."""

import importlib.util
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.checking import check_samples, sets_of, show_reports
from mmlhl.datasets.first_sample import look_at_first

_spec = importlib.util.spec_from_file_location(
    "png", Path(__file__).parent / "test_reading" / "png.py"
)
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)


def few_bits(numbers, bits):
    return writer.png(numbers, bits, writer.GREY)


def report(root, array, suffix=".png", images=2, pipeline=(), **ann):
    arrays = array if isinstance(array, list) else [array] * images
    for folder in ("image", "task"):
        (root / folder).mkdir(exist_ok=True)
    for i, one in enumerate(arrays):
        cv2.imwrite(str(root / "image" / f"{i}.png"), np.zeros((*one.shape[:2], 3), np.uint8))
        if suffix == ".npy":
            np.save(root / "task" / f"{i}.npy", one)
        else:
            cv2.imwrite(str(root / "task" / f"{i}{suffix}"), one)
    spec = dict(task=dict(dir="task", suffix=suffix, field="task_map", **ann))
    data = MultiTaskDataset(data_root=str(root), annotations=spec, pipeline=pipeline)
    return check_samples(data)[1], look_at_first(data)


def remarks(found):
    return " | ".join(found.fatal + found.remarks + found.problems)


WHITE = np.array([[0, 0, 255, 255]] * 4, np.uint8)


@pytest.mark.parametrize(
    ("array", "ann", "message"),
    [
        (WHITE, dict(kind="binary"), "consists of 0 and 255"),
        (WHITE, dict(kind="binary", ignore=255), r"no foreground \(1\) in any of 2 files"),
        (WHITE * 0, dict(kind="binary"), "no foreground"),
        (WHITE, dict(kind="binary", threshold=255), "all on one side of threshold=255"),
        (WHITE * 0 + 255, dict(kind="binary", threshold=9), r"no background \(0\)"),
        (WHITE, dict(kind="classes", classes=("background", "road")), "class 0 only would be"),
        (WHITE * 0, dict(kind="classes", num_classes=1), "class 0 only; .* kind='binary'"),
        (WHITE, dict(kind="classes", num_classes=3), r"classes \[1, 2\] of 'task' never occur"),
        (
            WHITE,
            dict(kind="classes", num_classes=150),
            r"149 of 150 classes \(1, 2, .* 10 \.\.\.\) of",
        ),
        (WHITE * 0 + 3, dict(kind="channels"), r"all values of 'task' are the same \(3\)"),
        (WHITE.astype(np.uint16) * 0 + 900, dict(kind="depth", scale=0.001), "are the same"),
        (np.full((4, 4, 3), (0, 128, 128), np.uint8), dict(kind="normal"), "are the same"),
        (WHITE * 0 + 255, dict(kind="classes", num_classes=2, allow_void=True), "no known pixel"),
        (np.zeros((4, 4), np.uint8), dict(kind="depth"), "no known pixel"),
    ],
)
def test_annotations_without_a_trainable_pixel_are_reported(tmp_path, array, ann, message):
    found, _ = report(tmp_path, array, **ann)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(remarks(found))


def test_a_task_that_varies_from_file_to_file_only(tmp_path):
    found, _ = report(tmp_path, [WHITE * 0 + 3, WHITE * 0 + 4], kind="channels")
    assert remarks(found) == ""


def image_set(root, images, suffix=".png", **loader):
    for folder in ("image", "task"):
        (root / folder).mkdir()
    for i, image in enumerate(images):
        cv2.imwrite(str(root / "image" / f"{i}{suffix}"), image)
        cv2.imwrite(str(root / "task" / f"{i}.png"), np.eye(4, dtype=np.uint8))
    return MultiTaskDataset(
        data_root=str(root),
        img=dict(suffix=suffix),
        annotations=dict(task=dict(dir="task", kind="binary")),
        pipeline=[dict(type="LoadImageFromFile", **loader)],
    )


def ramp(white, kind=np.uint16):
    return np.linspace(0, white, 48).astype(kind).reshape(4, 4, 3)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    ("greatest", "white"),
    [(256, 1023), (1023, 1023), (4095, 4095), (9000, 16383), (16383, 16383)],
)
def test_images_of_16_bits_that_use_fewer(tmp_path, greatest, white, suffix):
    data = image_set(tmp_path, [ramp(greatest), ramp(256)], suffix)
    said = f"in images of 16 bits is {greatest}, but white is 65535"
    advice = f"set max_value={white} of LoadImage"
    for found in (remarks(check_samples(data)[0]), " ".join(look_at_first(data))):
        assert said in found and advice in found and found.count("max_value") == 1


@pytest.mark.parametrize("bright", [ramp(65535), ramp(16384), ramp(255, np.uint8)])
def test_one_bright_image_is_enough(tmp_path, bright):
    data = image_set(tmp_path, [*[ramp(511)] * 7, bright])
    if bright.dtype == np.uint16:
        assert remarks(check_samples(data)[0]) == "" and look_at_first(data) == []
    else:  # the others are read dark all the same
        assert "16 bits is 511," in remarks(check_samples(data)[0]) + look_at_first(data)[0]


def test_images_of_8_bits_that_are_nearly_black(tmp_path):
    data = image_set(tmp_path, [ramp(1, np.uint8)] * 2)
    for found in (remarks(check_samples(data)[0]), " ".join(look_at_first(data))):
        assert "brightest value of all images is 1, where 0..255 is meant" in found


def test_images_whose_white_is_given(tmp_path):
    data = image_set(tmp_path, [ramp(4095)], max_value=4095)
    assert remarks(check_samples(data)[0]) == "" and look_at_first(data) == []
    assert check_samples(data)[0].highest == 255


def test_two_sizes(tmp_path):
    found, _ = report(tmp_path, [WHITE // 255, WHITE[:2] // 255], kind="binary")
    assert "2 sizes" in remarks(found)
    cv2.imwrite(str(tmp_path / "image" / "0.png"), np.zeros((9, 4, 3), np.uint8))
    spec = dict(task=dict(dir="task", field="task_map", kind="binary"))
    other = check_samples(MultiTaskDataset(data_root=str(tmp_path), annotations=spec))[1]
    assert "'task' is 4x4 (height x width), expected 9x4 like its image" in remarks(other)


def test_sets_of_a_config():
    from mmcv.transforms import LoadImageFromFile

    mine = dict(type=MultiTaskDataset, data_root="a")
    steps = [dict(type="Resize"), dict(type="mmcv.LoadImageFromFile", imdecode_backend="pillow")]
    other = dict(type="mmseg.MultiTaskDataset", data_root="b", pipeline=steps, test_mode=True)
    both = dict(type="ConcatDataset", datasets=[mine, dict(type="RepeatDataset", dataset=other)])
    cfg = dict(
        train_dataloader=dict(dataset=both), val_dataloader=dict(dataset=dict(mine, part=(0, 2)))
    )
    found = sets_of(cfg)
    assert list(found) == ["train (2)", "train, val"]
    assert found["train, val"] == mine and found["train (2)"]["pipeline"] == [steps[1]]
    other["pipeline"] = [dict(type="RandomChoice", transforms=[steps[:1], steps[1:]])]
    assert sets_of(cfg)["train (2)"]["pipeline"] == [steps[1]]
    cfg["test_dataloader"] = dict(dataset=dict(mine, pipeline=[dict(type=LoadImageFromFile)]))
    assert sets_of(cfg, ["test"], "c", ["seg"])["test"] == dict(
        mine, data_root="c", tasks=["seg"], pipeline=[dict(type=LoadImageFromFile)]
    )


def test_a_task_called_image_and_names_like_markup(tmp_path):
    cv2.imwrite(str(tmp_path / "a_i.png"), np.full((4, 4, 3), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "a_d.png"), np.eye(4, dtype=np.uint8))
    spec = dict(image=dict(kind="classes", field="parts", dir="", suffix="_d.png", num_classes=2))
    data = MultiTaskDataset(str(tmp_path), dict(dir="", suffix="_i.png"), spec)
    reports = check_samples(data)
    assert [report.highest for report in reports] == [200, 1]
    console = Console(file=io.StringIO(), width=120)
    assert show_reports(reports, dict(image=["[void]", "x[/red]"]), console) == 0
    assert "image: [void] 75.0 %, x[/red] 25.0 %" in console.file.getvalue()


GREYS = np.linspace(0, 65535, 16).reshape(4, 4)


@pytest.mark.parametrize(
    ("array", "threshold", "warned"),
    [
        (GREYS.astype(np.uint16), 127.5, True),
        (GREYS.astype(np.uint16), 32767, False),
        (GREYS.astype(np.uint16), 0, False),  # every number above 0 is foreground
        ((GREYS // 257).astype(np.uint8), 127.5, False),
        (((GREYS > 9) * 65535).astype(np.uint16), 127.5, False),  # any threshold is right
    ],
)
def test_a_threshold_of_8_bits_for_greys_of_16(tmp_path, array, threshold, warned):
    _, first = report(tmp_path, array, kind="binary", threshold=threshold)
    assert len(first) == warned
    assert not warned or "'task' has numbers of 16 bits" in first[0]
    assert not warned or "set threshold=32767.5" in first[0]


@pytest.mark.parametrize("few", [1, 2, 4])
def test_ids_of_few_bits_among_others_of_eight(tmp_path, few):
    mask = np.eye(4, dtype=np.uint8)
    found, _ = report(tmp_path, [mask, mask, mask], kind="classes", num_classes=2)
    assert "fewer than 8 bits" not in remarks(found)
    for name in "01":
        (tmp_path / "task" / f"{name}.png").write_bytes(few_bits(mask, few))
    spec = dict(task=dict(dir="task", kind="classes", num_classes=2))
    data = MultiTaskDataset(data_root=str(tmp_path), annotations=spec)
    assert "2 files of 'task' are PNG of fewer than 8 bits" in remarks(check_samples(data)[1])
    (tmp_path / "task" / "2.png").write_bytes(few_bits(mask, 1))
    assert "fewer than 8 bits" not in remarks(check_samples(data)[1])
