"""Labels in which a colour means a class, in all ways of storing colours."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode
from mmlhl.datasets.reading.files import read_raw

COLOURS = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [255, 255, 255]], np.uint8)
MAP = {(0, 0, 0): 0, (128, 0, 0): 1, (0, 128, 0): 2, (255, 255, 255): 255}
IDS = np.array([[0, 1, 2, 3, 2]] * 4, np.uint8)
WANTED = [0, 1, 2, 255, 2]


def annotation(**options):
    return Annotation("seg", "classes", dir="label", **{"num_classes": 3, "id_map": MAP, **options})


def stored(form, ids=IDS):
    """The label as a file of one form."""
    colours = COLOURS[ids]
    if form == "npy":
        file = io.BytesIO()
        np.save(file, colours.astype(np.int64))
        return ".npy", file.getvalue()
    image = Image.fromarray(colours)
    if form == "RGBA":
        image.putalpha(255)
    elif form == "palette":  # in an order of its own, as programs that make files smaller write it
        image = Image.fromarray(3 - ids)
        image.putpalette(COLOURS[::-1].reshape(-1).tolist())
    elif form == "GIF":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    file = io.BytesIO()
    kind = form if form in ("TIFF", "BMP", "GIF") else "PNG"
    image.save(file, kind)
    return f".{kind.lower()}", file.getvalue()


def read(folder, suffix, content, ann):
    path = folder / f"a{suffix}"
    path.write_bytes(content)
    return decode(read_raw(str(path), "label", exact=True, colours=ann.coloured), ann, path.name)


@pytest.mark.parametrize("form", ["RGB", "RGBA", "palette", "GIF", "TIFF", "BMP", "npy"])
def test_every_form_gives_the_classes(tmp_path, form):
    found = read(tmp_path, *stored(form), annotation())
    assert found.dtype == np.uint8 and found.tolist() == [WANTED] * 4


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_may_be_stored_as_grey(tmp_path, mode):
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 255]], np.uint8)).convert(mode).save(file, "PNG")
    assert read(tmp_path, ".png", file.getvalue(), annotation()).tolist() == [[0, 255]]


def test_masks_and_the_channels_of_a_swapped_file(tmp_path):
    black, white = (0, 0, 0), (255, 255, 255)
    mask = Annotation("m", "binary", dir="m", id_map={black: 0, white: 1})
    assert read(tmp_path, *stored("RGB", IDS // 3 * 3), mask)[0].tolist() == [0, 0, 0, 1, 0]
    swapped = cv2.imencode(".png", COLOURS[IDS])[1].tobytes()  # blue where red should be
    assert read(tmp_path, ".png", swapped, annotation(channels=(2, 1, 0)))[0].tolist() == WANTED


def test_blue_is_no_number_that_is_ignored_by_itself():
    raw = np.array([[(0, 0, 255), (0, 0, 0)]], np.uint8)
    id_map = {(0, 0, 255): 1, (0, 0, 0): 0}
    assert decode(raw, annotation(id_map=id_map), "a.png").tolist() == [[1, 0]]
    with pytest.raises(ValueError, match=r"got \(0, 0, 255\) in 1 pixels"):
        decode(raw, annotation(), "a.png")


def test_the_other_steps_follow(tmp_path):
    shifted = annotation(id_map={**MAP, (255, 255, 255): 3}, reduce_zero_label=True)
    assert read(tmp_path, *stored("RGB"), shifted)[0].tolist() == [255, 0, 1, 2, 1]
    (tmp_path / "image").mkdir()
    (tmp_path / "label").mkdir()
    cv2.imwrite(str(tmp_path / "image" / "a.png"), np.zeros((4, 5, 3), np.uint8))
    (tmp_path / "label" / "a.png").write_bytes(stored("palette")[1])
    seg = dict(kind="classes", dir="label", id_map=MAP, classes=("ground", "roof", "tree"))
    loading = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    data = MultiTaskDataset(
        data_root=str(tmp_path),
        annotations=dict(seg=seg),
        metainfo=dict(classes=("tree",)),
        pipeline=loading,
    )
    assert data[0]["gt_seg_map"][0].tolist() == [255, 255, 0, 255, 0]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            COLOURS[IDS] + np.uint8([1, 0, 0]),
            r"got \(0, 255, 255\), \(1, 0, 0\), \(1, 128, 0\) \.\.\.",
        ),
        (IDS, r"expected three channels of 0\.\.255.*names colours.*\(4, 5\)"),
        (COLOURS[IDS].astype(np.int64) * 2, r"expected three channels of 0\.\.255"),
        (COLOURS[IDS] / 255, r"expected three channels.*float64"),
        (np.dstack([COLOURS[IDS], IDS]), r"expected three channels.*\(4, 5, 4\)"),
    ],
)
def test_other_numbers_are_refused(raw, message):
    with pytest.raises(ValueError, match=rf"^a\.png: .*{message}"):
        decode(raw, annotation(), "a.png")


def test_lossy_colours_are_refused(tmp_path):
    content = cv2.imencode(".jpg", COLOURS[IDS])[1].tobytes()
    with pytest.raises(ValueError, match="lossy compression change"):
        read(tmp_path, ".jpg", content, annotation())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(id_map={(0, 0, 0): 0, 7: 1}), r"id_map'\] has \(7,\); a colour is three numbers"),
        (dict(id_map={(0, 0): 0}), r"has \(0, 0\); a colour is three numbers of 0\.\.255"),
        (dict(id_map={(0, 0, 256): 0}), r"has \(0, 0, 256\)"),
        (dict(ignore=255), r"'ignore'\] is \(255,\), but has no effect on the colours"),
        (dict(label_map={(0, 0, 0): 0}, id_map=None), "label_map"),
    ],
)
def test_options_that_mean_no_colours(options, message):
    with pytest.raises(ValueError, match=message):
        annotation(**options)


@pytest.mark.parametrize(
    ("kind", "raw", "advice"),
    [
        ("classes", COLOURS[IDS], r"shown in colours, such as \(0, 0, 0\), .* set id_map="),
        ("binary", COLOURS[IDS], "set id_map="),
        ("depth", COLOURS[IDS], "a picture in colours holds no numbers"),
        ("classes", np.dstack([IDS] * 3), r"\(4, 5, 3\)\); 'channels' takes one of several$"),
    ],
)
def test_several_channels_where_one_is_expected(kind, raw, advice):
    with pytest.raises(ValueError, match=rf"^a\.png: expected one channel as {kind}.*{advice}"):
        decode(raw, Annotation("task", kind, dir="d"), "a.png")
