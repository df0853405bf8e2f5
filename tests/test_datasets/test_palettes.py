"""Labels whose palettes differ from file to file, so that a number means several classes."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.checking import check_samples
from mmlhl.datasets.first_sample import look_at_first

COLOURS = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], np.uint8)
CLASSES = ("ground", "roof", "tree")


def numbered(ids, colours):
    """A label whose palette has the colours in a given order."""
    order = [colours.tolist().index(colour) for colour in COLOURS.tolist()]
    image = Image.fromarray(np.array(order, np.uint8)[ids])
    image.putpalette(colours.reshape(-1).tolist())
    return image


def converted(ids):
    """What Pillow makes of a picture of the label."""
    return Image.fromarray(COLOURS[ids]).convert("P", palette=Image.Palette.ADAPTIVE, colors=3)


def doubts(root, labels, suffix=".png", **options):
    for folder in ("image", "label"):
        (root / folder).mkdir()
    for i, label in enumerate(labels):
        cv2.imwrite(str(root / "image" / f"{i}.png"), np.full((4, 6, 3), 200, np.uint8))
        label.save(root / "label" / f"{i}{suffix}")
    seg = dict(kind="classes", dir="label", suffix=suffix, classes=CLASSES, **options)
    data = MultiTaskDataset(data_root=str(root), annotations=dict(seg=seg))
    return " ".join(check_samples(data)[1].remarks), " ".join(look_at_first(data)), data


FEW = np.array([[0, 0, 0, 1, 1, 2]] * 4)
MANY = np.array([[2, 2, 2, 2, 1, 0]] * 4)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp", ".tif"])
def test_an_order_of_its_own_in_each_file(tmp_path, suffix):
    labels = [numbered(FEW, COLOURS), numbered(MANY, COLOURS[::-1])]
    for found in doubts(tmp_path, labels, suffix)[:2]:
        assert "palettes of 'seg' differ: 0 is (0, 0, 0) in " in found
        assert f"0{suffix}', but (0, 128, 0) in " in found and f"1{suffix}'" in found
        assert "set id_map={(red, green, blue): class" in found


def test_pictures_that_were_made_palettes(tmp_path):
    # numbers depend on which classes an image shows; what the advice says reads them
    labels = [converted(FEW), converted(FEW % 2)]
    assert all("palettes of 'seg' differ" in found for found in doubts(tmp_path, labels)[:2])
    id_map = {tuple(colour): i for i, colour in enumerate(COLOURS.tolist())}
    (tmp_path / "again").mkdir()
    check, first, data = doubts(tmp_path / "again", labels, id_map=id_map)
    assert "palettes" not in check + first
    counts = [(FEW == i).sum() + (FEW % 2 == i).sum() for i in range(3)]
    assert check_samples(data)[1].counts.tolist() == counts


@pytest.mark.parametrize(
    "labels",
    [
        [numbered(FEW, COLOURS), numbered(MANY, COLOURS)],
        # numbers that no pixel has may have any colour
        [numbered(FEW * 0, COLOURS), numbered(FEW * 0 + 1, COLOURS[[2, 1, 0]])],
        [Image.fromarray(FEW.astype(np.uint8)), numbered(MANY, COLOURS)],
    ],
    ids=["alike", "unused", "grey"],
)
def test_palettes_without_doubt(tmp_path, labels):
    check, first, _ = doubts(tmp_path, labels)
    assert "palettes" not in check + first


def test_palettes_of_greys_have_a_check_of_their_own(tmp_path):
    greys = np.repeat(np.array([[7], [90], [11]], np.uint8), 3, 1)
    labels = [Image.fromarray(FEW.astype(np.uint8)) for _ in range(2)]
    for label, palette in zip(labels, (greys, greys[::-1]), strict=True):
        label.putpalette(palette.reshape(-1).tolist())
    check, first, _ = doubts(tmp_path, labels)
    assert "palettes" not in check + first


def test_files_that_cannot_be_read_are_no_matter_here(tmp_path):
    labels = [numbered(FEW, COLOURS)] * 3
    _, _, data = doubts(tmp_path, labels)
    content = io.BytesIO()
    labels[0].save(content, "PNG")
    (tmp_path / "label" / "1.png").write_bytes(content.getvalue()[:60])
    (tmp_path / "label" / "2.png").unlink()
    assert look_at_first(data) == []
    report = check_samples(data)[1]
    assert (report.files, report.broken, report.missing) == (1, 1, 1)
