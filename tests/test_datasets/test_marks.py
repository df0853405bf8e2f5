"""The meaning of 255 in masks is determined before training, for all files of a dataset."""

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS
from shared_fixtures import PIPELINE

import mmlhl.datasets.marks as marks

NOTHING, EDGE, MARKED = [0, 0, 0, 0], [0, 0, 255, 255], [0, 1, 255, 255]
TWO = dict(kind="classes", classes=("background", "road"))


@pytest.fixture
def masks(tmp_path):
    """A function: a dataset with these rows as masks."""

    def make(*rows, part=None, **ann):
        for folder in ("image", "mask"):
            (tmp_path / folder).mkdir(exist_ok=True)
        for index, row in enumerate(rows):
            cv2.imwrite(str(tmp_path / f"image/{index}.png"), np.zeros((2, 4, 3), np.uint8))
            cv2.imwrite(str(tmp_path / f"mask/{index}.png"), np.array([row] * 2, np.uint8))
        annotations = dict(mask={"kind": "binary", "dir": "mask", "field": "mask_map", **ann})
        return DATASETS.build(
            dict(
                type="MultiTaskDataset",
                data_root=str(tmp_path),
                annotations=annotations,
                pipeline=PIPELINE,
                part=part,
            )
        )

    return make


def labels(dataset, index):
    sample = dataset[index]["data_samples"]
    return sample.get("gt_mask_map").data[0, 0].tolist()


@pytest.mark.parametrize("ann", [dict(), TWO], ids=["binary", "classes"])
def test_encoding_found_in_one_file_holds_for_all(masks, ann):
    """Training used to fail at the first image without foreground."""
    dataset = masks(NOTHING, EDGE, MARKED, EDGE, **ann)
    assert labels(dataset, 1) == labels(dataset, 3) == EDGE
    assert labels(dataset, 2) == MARKED
    part = masks(NOTHING, EDGE, MARKED, EDGE, part=(0, 4), **ann)
    assert 255 in labels(part, 0) or labels(part, 0) == NOTHING


@pytest.mark.parametrize("ann", [dict(), TWO], ids=["binary", "classes"])
@pytest.mark.parametrize("rows", [(EDGE, EDGE), (NOTHING, NOTHING, EDGE)])
def test_ambiguous_masks_are_refused_at_the_first_sample(masks, ann, rows):
    dataset = masks(*rows, **ann)  # may be built, so that check_dataset can tell more
    with pytest.raises(ValueError, match=rf"{len(rows) - 1 if len(rows) > 2 else 0}.png: .*0 and"):
        dataset[0]


@pytest.mark.parametrize(
    ("ann", "found"),
    [
        (dict(threshold=127), [0, 0, 1, 1]),
        (dict(threshold=0), [0, 0, 1, 1]),
        (dict(ignore=255), EDGE),
        (dict(id_map={0: 0, 255: 1}), [0, 0, 1, 1]),
        (dict(TWO, id_map={0: 0, 255: 1}), [0, 0, 1, 1]),
        (dict(TWO, ignore=255), EDGE),
        # more classes need not all occur
        (dict(kind="classes", num_classes=3), EDGE),
    ],
)
def test_encoding_in_the_config_is_used(masks, ann, found, monkeypatch):
    if ann.get("threshold", 0) < 1:
        monkeypatch.setattr(marks, "read_raw", lambda *args, **kw: pytest.fail("was looked at"))
    assert labels(masks(EDGE, **ann), 0) == found


def test_few_files_are_read(masks, monkeypatch):
    read, seen = marks.read_raw, []
    monkeypatch.setattr(
        marks, "read_raw", lambda path, *a, **k: seen.append(path) or read(path, *a, **k)
    )
    masks(MARKED, *[EDGE] * 5)
    assert len(seen) == 1
    monkeypatch.setattr(marks, "SAMPLED", 3)
    dataset = masks(*[NOTHING] * 6)
    assert len(seen) == 7  # all of them, but only once per process
    samples = [dataset.get_data_info(index) for index in range(6)]
    assert marks.settle_marks(dataset.ann_specs, samples)[1] == {}
    assert len(seen) == 10


@pytest.mark.parametrize("ann", [dict(), TWO], ids=["binary", "classes"])
@pytest.mark.parametrize("row", [EDGE, [255] * 4])
def test_single_mask_without_foreground_is_found_before_training(masks, ann, row):
    """It used to be found in the middle of training."""
    rows = [*[NOTHING] * 40, row]
    with pytest.raises(ValueError, match="39.png: .*0 and 255"):
        masks(*rows[1:], NOTHING, **ann)[0]
    dataset = masks(*rows, MARKED, **ann)
    assert labels(dataset, 0) == NOTHING
    if row == EDGE:
        assert 255 in labels(dataset, dataset_index(dataset, "40"))


def test_mask_of_255_is_unlabelled_with_allow_void(masks):
    dataset = masks(*[NOTHING] * 2, [255] * 4, allow_void=True)
    assert labels(dataset, 2) == [255] * 4


def dataset_index(dataset, img_id):
    return next(i for i in range(len(dataset)) if dataset.get_data_info(i)["img_id"] == img_id)


def test_a_threshold_for_greys_is_refused_for_masks_of_0_and_1(masks):
    """It would make background of everything."""
    ones = [0, 1, 1, 0]
    for rows in ((ones,), (NOTHING, ones, NOTHING)):
        with pytest.raises(ValueError, match=r"mask/\d.png.* no number above 1.*threshold=127"):
            labels(masks(*rows, threshold=127), 0)
    assert labels(masks(ones, NOTHING, NOTHING, threshold=0.5), 0) == ones
    assert labels(masks(ones, EDGE, NOTHING, threshold=127), 0) == NOTHING  # one has greys
    assert labels(masks(NOTHING, NOTHING, NOTHING, threshold=127), 0) == NOTHING
