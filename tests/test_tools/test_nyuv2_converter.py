"""NYUv2's publisher files become arrays that the dataset reads."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmlhl.datasets import NYUv2Dataset
from mmlhl.datasets.geometry import pixel_rays
from mmlhl.datasets.nyuv2_classes import CLASSES_13, CLASSES_40, TO_13
from mmlhl.datasets.nyuv2_conversion import CAMERA, Conversion, convert, label_table
from mmlhl.datasets.nyuv2_raw_labels import TO_40

TOOL = Path(__file__).parents[2] / "tools" / "dataset_converters" / "nyuv2.py"
SIZE = (48, 64)


@pytest.fixture
def tool():
    return runpy.run_path(str(TOOL))


def make_arrays(frames=3, height=480, width=640):
    """A floor below the camera, as in MATLAB's column-major arrays; one hole in the depth."""
    u, v = pixel_rays(height, width, **CAMERA)
    depth = np.broadcast_to(np.minimum(1.5 / np.maximum(v, 1e-3), 8.0), (height, width))
    depth = depth.astype(np.float32).copy()
    depth[400:420, 100:140] = 0
    label = np.full((height, width), 5, np.uint16)
    label[:100] = 0
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = 255
    return dict(
        images=np.stack([image.transpose(2, 1, 0)] * frames),
        depths=np.stack([depth.T] * frames),
        rawDepths=np.stack([depth.T] * frames),
        labels=np.stack([label.T] * frames),
    )


def raw_to_40():
    """894 raw labels; the fifth is 'floor', class 2."""
    class_map = np.full(894, 40)
    class_map[4] = 2
    return class_map


def test_convert_and_resume(tmp_path):
    arrays = make_arrays()
    how = Conversion(size=SIZE)
    table = label_table(raw_to_40(), 13)
    splits = dict(train=np.array([[3], [1]]), val=np.array([[2]]))

    def call():
        return convert(arrays, splits, tmp_path, table, how, lambda jobs, _: jobs)

    assert call() == 3 and call() == 0
    (tmp_path / "train" / "depth" / "1.npy").unlink()
    assert call() == 1
    assert not list(tmp_path.rglob("*.tmp"))
    assert "Computed from the depth" in (tmp_path / "README.txt").read_text()

    pipeline = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    dataset = NYUv2Dataset(data_root=str(tmp_path), split="train", pipeline=pipeline)
    assert len(dataset) == 2
    sample = dataset[0]
    assert sample["img"].shape == (*SIZE, 3) and sample["img"][0, 0].tolist() == [0, 0, 255]
    assert sample["gt_seg_map"][0, 0] == 255
    assert CLASSES_13[sample["gt_seg_map"][-1, 0]] == "floor"
    depth = sample["gt_depth_map"]
    assert np.isnan(depth[41, 12]) and depth[-1, 0] == pytest.approx(1.5 / (225.3 / 519.5), 0.05)
    # the floor's normal points up; further up the clipped depth is a wall facing the camera
    np.testing.assert_allclose(sample["gt_normal_map"][-5, 32], [0, -1, 0], atol=0.01)
    np.testing.assert_allclose(sample["gt_normal_map"][5, 32], [0, 0, -1], atol=0.01)


@pytest.mark.parametrize(
    ("train", "val", "message"),
    [
        ([0, 1], [2], "train names frame 0; there are 1 to 3"),  # counted from 0
        ([1, 4], [2], "train names frame 4"),
        ([1], [2, 1], "frame 1 is in train and in val"),
        ([1, 1], [2], "frame 1 is in train and in train"),
        ([1.5], [2], "frame 1.5"),
        ([np.nan], [2], "frame nan"),
    ],
)
def test_splits_that_do_not_fit_leave_nothing_behind(tmp_path, train, val, message):
    splits = dict(train=np.array([train]).T, val=np.array([val]).T)
    with pytest.raises(ValueError, match=message):
        convert(make_arrays(height=4, width=4), splits, tmp_path / "o", None, Conversion(), list)
    with pytest.raises(ValueError, match="has no depths; it has"):
        arrays = {name: a for name, a in make_arrays(height=4, width=4).items() if name[0] != "d"}
        convert(arrays, dict(train=[1], val=[2]), tmp_path / "o", None, Conversion(), list)
    assert not (tmp_path / "o").exists()


def test_an_interrupted_conversion_is_not_continued_with_other_labels_or_splits(tmp_path):
    arrays, how = make_arrays(), Conversion(size=SIZE)
    table, splits = label_table(raw_to_40(), 13), dict(train=np.array([[1]]), val=np.array([[2]]))

    def call(table, splits):
        return convert(arrays, splits, tmp_path, table, how, lambda jobs, _: jobs)

    call(table, splits)
    label = tmp_path / "train" / "label" / "0.npy"
    label.unlink()
    other = label_table(np.where(raw_to_40() == 2, 3, raw_to_40()), 13)
    with pytest.raises(ValueError, match=r"another mapping of labels or other splits \(labels\)"):
        call(other, splits)
    with pytest.raises(ValueError, match=r"other splits \(train, val\)"):
        call(table, dict(train=np.array([[2]]), val=np.array([[3]])))
    assert not label.exists()
    (tmp_path / "conversion.json").unlink()  # an older folder
    assert call(table, splits) == 1


def test_classes():
    table = label_table(raw_to_40(), 40)
    assert (
        table[0] == -1 and CLASSES_40[table[5]] == "floor" and CLASSES_40[table[1]] == "other_prop"
    )
    with pytest.raises(ValueError, match=r"0\.\.3, expected classes 1\.\.40"):
        label_table(np.array([0, 3]), 40)
    with pytest.raises(ValueError, match="of 40 raw labels, expected 894"):
        label_table(np.arange(1, 41), 40)
    # the usual reduction, as published with SceneNet's metadata, counted from 1
    published = """12 5 6 1 4 9 10 12 13 6 8 6 13 10 6 13 6 7 7 5
    7 3 2 6 11 7 7 7 7 7 7 6 7 7 7 7 7 7 6 7"""
    assert [i + 1 for i in TO_13] == [int(i) for i in published.split()]
    dataset = NYUv2Dataset(num_classes=40, lazy_init=True)
    assert len(dataset.metainfo["classes"]) == len(dataset.metainfo["palette"]) == 40
    assert dataset.ann_specs["seg"].num_classes == 40
    with pytest.raises(ValueError, match="num_classes of NYUv2 is 14"):
        NYUv2Dataset(num_classes=14)


def test_the_usual_mapping_of_raw_labels():
    table = label_table(TO_40, 40)
    assert len(TO_40) == 894 and set(TO_40) == set(range(1, 41))
    # as the publisher numbers them: cabinet, ceiling, chair, floor, table, wall, book
    names = {3: "cabinet", 4: "ceiling", 5: "chair", 11: "floor", 19: "table", 21: "wall"}
    for raw, name in names.items():
        assert CLASSES_40[table[raw]] == name, raw


def test_command_line(tool, tmp_path, capsys):
    h5py = pytest.importorskip("h5py")
    labeled, splits, class_map = (str(tmp_path / n) for n in ("l.mat", "s.mat", "c.mat"))
    with h5py.File(labeled, "w") as stream:
        for name, array in make_arrays(frames=2).items():
            stream[name] = array
    savemat(splits, dict(trainNdxs=[[1]], testNdxs=[[2]]))
    savemat(class_map, dict(mapClass=raw_to_40()[None]))
    out = str(tmp_path / "out")
    args = [labeled, splits, "--class-map", class_map, "--out", out, "--size", "48", "64"]
    assert tool["main"](args) == 0 and tool["main"](args) == 0
    output = capsys.readouterr().out
    assert "2 frames converted" in output and "0 frames converted" in output
    label = (tmp_path / "out" / "train" / "label" / "0.npy").read_bytes()
    (tmp_path / "out" / "val" / "label" / "0.npy").unlink()
    assert tool["main"]([*args, "--classes", "40"]) == 1
    assert "other settings" in capsys.readouterr().err
    assert not (tmp_path / "out" / "val" / "label" / "0.npy").exists()
    assert (tmp_path / "out" / "train" / "label" / "0.npy").read_bytes() == label
    assert tool["main"]([labeled, "none.mat", "--class-map", class_map]) == 1
    broken = tmp_path / "broken.mat"
    broken.write_text("no data")
    for files in ([labeled, str(broken)], [str(broken), splits], [labeled, labeled]):
        assert tool["main"]([*files, "--out", f"{out}_none"]) == 1
        assert f"error: {files[files[0] == labeled]}: " in capsys.readouterr().err
    assert not (tmp_path / "out_none").exists()
    args = [labeled, splits, "--out", f"{out}_usual", "--size", "48", "64"]
    assert tool["main"](args) == 0
