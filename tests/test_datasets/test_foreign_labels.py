"""Stored pseudo labels that no teacher has given are refused, and the file is named."""

import io
import zipfile

import numpy as np
import pytest

from mmlhl.datasets.pseudo_labels import LabelError, LabelFolder, LabelSpec

TOLD = [
    LabelSpec("seg", "gt_seg_map", "classes", classes=13, channels=1),
    LabelSpec("depth", "gt_depth_map", "depth", channels=1),
    LabelSpec("normal", "gt_normal_map", "normal", channels=3, bounded=True),
    LabelSpec("edge", "gt_edge_map", "channels", channels=1, bounded=True),
]
GOOD = dict(
    exponents=np.int16([0, 0, 0, 0]),
    seg=np.full((4, 6), 12, np.uint8),
    depth=np.full((4, 6), 3, np.float16),
    normal=np.full((4, 6, 3), 0.577, np.float16),
    edge=np.full((4, 6), 1, np.float16),
)


def told(root, save=np.savez, **changes):
    """Labels that are read with all that is known of their tasks."""
    folder = LabelFolder(root, TOLD, {})
    folder.prepare()
    arrays = {**GOOD, **changes}
    save(root / "0.npz", **{k if k == "exponents" else f"task.{k}": arrays[k] for k in arrays})
    return folder.read("0", (4, 6))


def test_the_greatest_that_a_teacher_gives(tmp_path):
    found = told(tmp_path / "a", normal=np.full((4, 6, 3), 73, np.int8))
    assert found["gt_seg_map"].max() == 12 and found["gt_edge_map"].max() == 1
    assert np.allclose(np.linalg.norm(found["gt_normal_map"], axis=2), 1)
    assert told(tmp_path / "b", normal=np.zeros((4, 6, 3), np.float16))["gt_normal_map"].max() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(seg=np.full((4, 6), 13, np.uint8)), "class 13 of 13"),
        (dict(seg=np.full((4, 6), 255, np.uint8)), "class 255 of 13"),
        (dict(seg=np.full((4, 6), 300, np.uint16)), "class 300 of 13"),
        (dict(seg=np.full((4, 6), -1, np.int8)), "int8 .* no label of kind 'classes'"),
        (dict(seg=np.full((4, 6), True)), "bool"),
        (dict(depth=np.full((4, 6), 3, np.uint8)), "uint8 .* no label of kind 'depth'"),
        (dict(depth=np.full((4, 6), 3, np.int8)), "int8"),
        (dict(depth=np.full((4, 6), 3, np.float32)), "float32"),
        (dict(depth=np.full((4, 6), np.nan, np.float16)), "'depth' holds NaN or infinity"),
        (dict(depth=np.full((4, 6), -np.inf, np.float16)), "holds NaN or infinity"),
        (dict(depth=np.full((4, 6, 2), 3, np.float16)), "has 2 channels; expected 1"),
        (dict(exponents=np.int16([0, 127, 0, 0])), "holds NaN or infinity"),
        (dict(exponents=np.int16([0, 2000, 0, 0])), "out of range"),
        (dict(exponents=np.float32([0, 0.5, 0, 0])), "'exponents' is float32"),
        (dict(exponents=np.int16([[0, 0, 0, 0]])), r"'exponents' is int16 \(1, 4\)"),
        (dict(normal=np.full((4, 6, 4), 0.5, np.float16)), "has 4 channels; expected 3"),
        (dict(normal=np.full((4, 6), 0.5, np.float16)), "has 1 channels; expected 3"),
        (dict(normal=np.full((4, 6, 4), 9, np.int8)), "int8 .* no label of kind 'normal'"),
        (dict(normal=np.full((4, 6, 3), 1, np.float16)), "a vector of length 1.73; expected 1"),
        (dict(exponents=np.int16([0, 0, 4, 0])), "a vector of length 16; expected 1"),
        (dict(edge=np.full((4, 6), 2, np.float16)), "'edge' holds 0..2, which are no prob"),
        (dict(edge=np.full((4, 6), -1, np.float16)), "'edge' holds -1..0"),
        (dict(edge=np.full((4, 6), 1, np.uint8)), "no label of kind 'channels'"),
        (dict(save=np.savez_compressed), "it is compressed, which labels are not"),
    ],
)
def test_what_no_teacher_gives(tmp_path, changes, message):
    with pytest.raises(LabelError, match=f"0.npz: no stored pseudo labels can be read.*{message}"):
        told(tmp_path / "labels", **changes)


def test_an_array_that_says_it_is_huge(tmp_path):
    folder = LabelFolder(tmp_path, TOLD[:1], {})
    folder.prepare()
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, dict(descr="|u1", fortran_order=False, shape=(1 << 30, 1 << 30))
    )
    with zipfile.ZipFile(tmp_path / "0.npz", "w") as file:
        np.save(exponents := io.BytesIO(), np.int16([0]))
        file.writestr("exponents.npy", exponents.getvalue())
        file.writestr("task.seg.npy", head.getvalue())
    with pytest.raises(LabelError, match="0.npz: no stored pseudo labels"):
        folder.read("0", (4, 6))
