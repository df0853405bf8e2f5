"""Files are decoded once while that is asked for, and each reader has an array of its own."""

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS
from shared_fixtures import PIPELINE, write_maps

from mmlhl.datasets.reading import images, remembered, remembering


def test_outside_of_the_block_all_is_read():
    reads = []
    for _ in range(2):
        remembered("a", lambda: reads.append(1) or np.zeros(3))
    assert len(reads) == 2


def test_within_it_each_key_is_read_once_and_nothing_written_is_seen():
    reads = []

    def read():
        reads.append(1)
        return np.zeros(3)

    for _ in range(2):  # a later block begins anew
        with remembering():
            for key in ("a", "a", "b", "a"):
                array = remembered(key, read)
                assert not array.any()
                array += 1
    assert len(reads) == 4


def test_no_more_than_so_many_bytes_are_kept(monkeypatch):
    monkeypatch.setattr("mmlhl.datasets.reading.kept_arrays._MOST", 100)
    reads = []
    with remembering():
        for key in ("a", "b", "a", "c", "c", "a", "large", "large"):
            size = 101 if key == "large" else 45
            remembered(key, lambda: reads.append(key) or np.zeros(size, np.uint8))  # noqa: B023
    assert reads == ["a", "b", "c", "a", "large", "large"]


@pytest.fixture
def data(tmp_path):
    seg = np.arange(192).reshape(12, 16).astype(np.uint8) % 3
    write_maps(tmp_path, "0.png", image=np.zeros((12, 16, 3), np.uint8) + 7, seg=seg)

    def build(loader=PIPELINE[0], **annotation):
        seg = dict(kind="classes", dir="seg", num_classes=3, **annotation)
        options = dict(data_root=str(tmp_path), annotations=dict(seg=seg))
        return DATASETS.build(
            dict(type="MultiTaskDataset", pipeline=[loader, *PIPELINE[1:]], **options)
        )

    return build


def test_a_sample_is_decoded_once_by_the_same_options(data, monkeypatch):
    decoded = []
    inner = images._decode
    monkeypatch.setattr(images, "_decode", lambda *a: decoded.append(a[1]) or inner(*a))
    plain, other = data(), data(id_map={0: 1, 1: 0, 2: 2})
    shown = data(dict(type="LoadImageFromFile", to_float32=True, imdecode_backend="pillow"))
    apart = [each[0]["data_samples"].gt_sem_seg.data for each in (plain, other)]
    decoded.clear()
    with remembering():
        for _ in range(3):
            found = [each[0] for each in (plain, other, shown)]
            for sample, label in zip(found, apart, strict=False):
                assert (sample["data_samples"].gt_sem_seg.data == label).all()
            found[0]["data_samples"].gt_sem_seg.data += 1
            assert [each["inputs"].float().mean() for each in found] == [7, 7, 7]
    assert len(decoded) == 2  # by two id maps


def test_a_changed_file_is_read_again_later(data, tmp_path):
    plain = data()
    with remembering():
        assert plain[0]["inputs"].max() == 7
    cv2.imwrite(str(tmp_path / "image" / "0.png"), np.full((12, 16, 3), 9, np.uint8))
    assert plain[0]["inputs"].max() == 9
