"""Stored pseudo labels: precision, folders, and transforms."""

import io
import os
import pickle

import numpy as np
import pytest

from mmlhl.datasets import RoomsDataset
from mmlhl.datasets.pseudo_labels import (
    LabelError,
    LabelFolder,
    LabelSpec,
    attach,
    decode_label,
    encode_label,
    labelled_datasets,
    plain_images,
)

SPECS = [
    LabelSpec("seg", "gt_seg_map", "classes"),
    LabelSpec("depth", "gt_depth_map", "depth"),
    LabelSpec("normal", "gt_normal_map", "normal"),
]


def labels(size=(32, 48), seed=0):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(3, *size)).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=0)
    depth = rng.uniform(0.5, 9, (1, *size)).astype(np.float32)
    return dict(seg=rng.integers(0, 13, size), depth=depth, normal=normal)


def encoded(**options):
    return {
        spec.task: encode_label(labels(**options)[spec.task], spec.kind, spec.task)
        for spec in SPECS
    }


@pytest.mark.parametrize(("top", "dtype"), [(12, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_classes_are_exact(top, dtype):
    ids = np.array([[0, 1], [top, 2]])
    stored = encode_label(ids, "classes", "seg")
    assert stored.array.dtype == dtype
    assert (decode_label(stored) == ids).all()


@pytest.mark.parametrize("unit", [1e-20, 1e-3, 1.0, 1e6, 1e30])
def test_numbers_keep_eleven_bits_in_any_unit(unit):
    values = (np.array([[[0.0, 1.0, 0.37], [-3.1, 1e-4, 2.0]]]) * unit).astype(np.float32)
    stored = encode_label(values, "depth", "depth")
    assert stored.array.dtype == np.float16 and stored.array.shape == (2, 3)
    np.testing.assert_allclose(decode_label(stored), values[0], rtol=2**-11)


def test_normals_in_8_bits_are_unit_vectors_within_0_4_degrees():
    normal = labels()["normal"]
    stored = encode_label(normal, "normal", "normal", "int8")
    assert stored.array.dtype == np.int8
    found = decode_label(stored)
    np.testing.assert_allclose(np.linalg.norm(found, axis=2), 1, rtol=1e-6)
    cosine = (found * normal.transpose(1, 2, 0)).sum(2).clip(-1, 1)
    assert 0.05 < np.degrees(np.arccos(cosine)).max() < 0.4


@pytest.mark.parametrize(
    ("label", "kind", "message"),
    [
        (np.zeros((3, 2, 2), np.float32), "classes", "'t' is no class.*soft_pseudo_label=False"),
        (np.full((1, 2, 2), np.nan, np.float32), "depth", "'t' is not finite"),
        (np.zeros((2, 2), np.float32), "depth", r"shape \(2, 2\)"),
        (np.full((2, 2), -1), "classes", r"-1\.\.0"),
        (np.full((2, 2), 70000), "classes", r"70000"),
        (np.zeros((1, 2, 2), int), "classes", r"shape \(1, 2, 2\)"),
    ],
)
def test_what_cannot_be_stored(label, kind, message):
    with pytest.raises(LabelError, match=message):
        encode_label(label, kind, "t")


def folder_of(path, teacher="a"):
    return LabelFolder(path, SPECS, dict(teacher=teacher))


def test_label_folder_is_reused_by_the_same_teacher_only(tmp_path):
    first = folder_of(tmp_path / "labels")
    assert first.prepare() is None
    first.write("a/0", encoded())
    assert folder_of(tmp_path / "labels").prepare() is None
    first.write("../b/0", encoded())  # an image beside the images' folder
    assert not (tmp_path / "b").exists()
    assert first.missing(["a/0", "a/1", "../b/0", "b/0"]) == [1, 3]
    assert "another teacher" in folder_of(tmp_path / "labels", "b").prepare()
    assert first.missing(["a/0", "a/1"]) == [0, 1]


def test_folder_with_other_content_is_not_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(ValueError, match="is not a folder of labels"):
        folder_of(tmp_path).prepare()
    folder_of(tmp_path).remove()
    assert (tmp_path / "thesis.tex").exists()


def test_a_label_that_is_missing_damaged_or_of_another_size(tmp_path):
    folder = folder_of(tmp_path / "labels")
    folder.prepare()
    with pytest.raises(LabelError, match="0.npz: no stored pseudo labels.*resume"):
        folder.read("0", (32, 48))
    folder.write("0", encoded())
    with pytest.raises(LabelError, match="gt_seg_map is 32x48.*its image is 48x32"):
        folder.read("0", (48, 32))
    content = (tmp_path / "labels" / "0.npz").read_bytes()
    (tmp_path / "labels" / "0.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(LabelError, match="delete the file and resume"):
        folder.read("0", (32, 48))


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ("the file was run",))


def archive(**changes):
    """The bytes of a file of labels with other arrays."""
    arrays = {f"task.{spec.task}": encoded()[spec.task].array for spec in SPECS}
    file = io.BytesIO()
    np.savez(file, **{"exponents": np.int16([0, 0, 0]), **arrays, **changes})
    return file.getvalue()


def array_file(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"labels",
        pickle.dumps(Hostile()),
        array_file(np.zeros(3)),
        archive()[:-3],
        archive(exponents=np.int16([0, 0, 0, 0])),
        archive(exponents=np.array([0, 30000, 0])),
        archive(exponents=np.array([0, np.nan, 0])),
        archive(**{"task.seg": np.array([Hostile()], object)}),
        archive(**{"task.seg": np.zeros(5, np.uint8)}),
        archive(**{"task.seg": np.zeros((32, 48), np.float16)}),
        archive(**{"task.seg": np.zeros((32, 48, 3), np.uint8)}),
        archive(**{"task.seg": np.full((32, 48), "wall")}),
        archive(**{"task.depth": np.zeros((32, 48), np.complex64)}),
        archive(**{"task.depth": np.float16(0)}),
    ],
)
def test_a_file_that_holds_no_labels(tmp_path, content):
    """An empty one is what a power failure leaves, as labels are not synced one by one."""
    folder = folder_of(tmp_path / "labels")
    folder.prepare()
    (tmp_path / "labels" / "0.npz").write_bytes(content)
    with pytest.raises(LabelError, match="0.npz: no stored pseudo labels can be read"):
        folder.read("0", (32, 48))


def dataset(rooms_root, *steps, **options):
    load = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    pipeline = [*load, *steps, dict(type="PackMultiTaskInputs")]
    return RoomsDataset(
        data_root=str(rooms_root), split="train", tasks=["depth"], pipeline=pipeline, **options
    )


def test_labels_move_with_the_image_like_annotations(rooms_root, tmp_path):
    folder = LabelFolder(tmp_path / "labels", [SPECS[0], SPECS[2]], {})
    flip = dict(type="RandomFlip", prob=1.0, swap_seg_labels=[(2, 7)])
    crop = dict(type="CenterCrop", crop_size=(30, 20))
    moved = dataset(rooms_root, flip, crop, dict(type="Pad", size=(30, 40)), indices=1)
    folder.write("00000", encoded())
    attach(moved, folder)
    sample = moved[0]["data_samples"]
    given = labels()
    seg = given["seg"][:, ::-1][6:26, 9:39]
    swapped = np.select([seg == 2, seg == 7], [7, 2], seg)
    assert (sample.gt_sem_seg.data[0, :20].numpy() == swapped).all()
    assert (sample.gt_sem_seg.data[0, 20:] == 255).all()
    normal = given["normal"][:, :, ::-1][:, 6:26, 9:39] * np.array([-1, 1, 1])[:, None, None]
    np.testing.assert_allclose(sample.gt_normal_map.data[:, :20], normal, atol=1e-3)
    assert sample.gt_normal_map.data[:, 20:].isnan().all()
    attach(moved, None)
    assert "gt_sem_seg" not in moved[0]["data_samples"]


def test_images_are_read_by_the_test_pipeline(rooms_root):
    images = plain_images(
        dataset(rooms_root),
        [
            dict(type="LoadImageFromFile"),
            dict(type="Resize", scale=(24, 16)),
            dict(type="LoadMultiTaskAnnotations"),
            dict(type="PackMultiTaskInputs"),
        ],
        [3, 1],
    )
    assert len(images) == 2 and images[0]["inputs"].shape == (3, 16, 24)
    sample = images[1]["data_samples"]
    assert sample.metainfo["img_id"] == "00001" and sample.metainfo["ori_shape"] == (32, 48)
    assert list(sample.keys()) == []


def test_datasets_are_found_in_wrappers_and_others_refused(rooms_root):
    class Wrapper:
        def __init__(self, *datasets):
            self.datasets = list(datasets)

    one, two = dataset(rooms_root), dataset(rooms_root)
    assert labelled_datasets(Wrapper(Wrapper(one), two, one)) == [one, two]
    pairs = attach(Wrapper(one, two), LabelFolder("labels", SPECS, {}))
    assert [folder.path for _, folder in pairs] == ["labels/0", "labels/1"]
    with pytest.raises(ValueError, match="list is not a MultiTaskDataset"):
        labelled_datasets(Wrapper(one, Wrapper(list())))


@pytest.mark.parametrize("foreign", ["image", "teacher", "changed byte", "older"])
def test_labels_of_another_image_or_teacher_are_named(tmp_path, foreign):
    own, other = folder_of(tmp_path / "own"), folder_of(tmp_path / "other", "b")
    for folder in (own, other):
        folder.write("a/0", encoded())
        folder.write("a/1", encoded())
    size = labels()["seg"].shape
    own.read("a/0", size)
    path = tmp_path / "own" / "a" / "0.npz"
    if foreign == "older":  # without the mark
        with np.load(path) as stored:
            arrays = {key: stored[key] for key in stored.files if key != "of"}
        np.savez(path, **arrays)
        own.read("a/0", size)
        return
    if foreign == "changed byte":
        data = bytearray(path.read_bytes())
        data[data.index(encoded()["seg"].array.tobytes()) + 9] ^= 0x08
        path.write_bytes(data)
    else:
        source = own.file("a/1") if foreign == "image" else other.file("a/0")
        path.write_bytes(open(source, "rb").read())
    with pytest.raises(LabelError, match=r"0\.npz: no stored.*(another image or teacher|CRC)"):
        own.read("a/0", size)


def test_files_of_others_are_never_removed(tmp_path):
    folder = LabelFolder(tmp_path / "labels", SPECS, dict(teacher="a"))
    folder.prepare()
    folder.write("scene/one", encoded())
    notes = tmp_path / "labels" / "scene" / "notes.txt"
    notes.write_text("mine")
    folder.remove()
    assert [path for path in (tmp_path / "labels").rglob("*") if path.is_file()] == [notes]
    with pytest.raises(ValueError, match="not a folder of labels"):
        folder.prepare()
    other = tmp_path / "coco"
    other.mkdir()
    (other / "labels.json").write_text("{}")
    with pytest.raises(ValueError, match="not a folder of labels"):
        LabelFolder(other, SPECS, dict(teacher="a")).prepare()
    assert (other / "labels.json").is_file()


def test_interrupted_label_folders_are_recognised(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "labels")
    folder.prepare()
    for name in ("a", "z"):
        (tmp_path / "labels" / f"{name}.npz").touch()
    remove, gone = os.remove, []

    def killed(path):
        if len(gone) == 2:
            raise KeyboardInterrupt
        gone.append(os.path.basename(path))
        remove(path)

    monkeypatch.setattr(os, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.remove()
    assert sorted(gone) == ["a.npz", "z.npz"]
    monkeypatch.undo()
    folder.remove()
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / ".mmlhl_labels.json.999999999.tmp").touch()
    assert folder.prepare() is None
