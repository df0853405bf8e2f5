"""Id map, shift, subset and bound are applied to stored ids in this order; no id is lost."""

import numpy as np
import pytest

from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode


def labels(stored, dtype=np.uint8, **options):
    ann = Annotation("seg", "classes", dir="label", **options)
    return decode(np.array([stored]).astype(dtype), ann, "label.png")[0].tolist()


@pytest.mark.parametrize("wrong", [3, 4, 200, 254, 256, 300, 65535, 2**40, -2, -5])
def test_id_map_to_no_class(wrong):
    with pytest.raises(ValueError, match=rf"'seg'.*id_map.*id 1 into class {wrong}; .*0\.\.2"):
        labels([0, 0], num_classes=3, id_map={0: 0, 1: wrong})


@pytest.mark.parametrize("wrong", [254, 300, -5])
def test_id_map_to_no_class_where_nobody_counts_them(wrong):
    with pytest.raises(ValueError, match=f"into class {wrong}"):
        labels([0, 0], id_map={0: 0, 1: wrong})


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [
        (3, "uint8"),
        (254, "uint8"),
        (258, "uint16"),
        (65534, "uint16"),
        (-2, "int8"),
        (-300, "int16"),
    ]
    + [(2**32 + 1, "int64"), (2**32 + 1, "uint64"), (2**63 + 1, "uint64"), (-(2**40), "int64")]
    + [(70000, "int32"), (2**31, "uint32"), (3.0, "float32"), (1e18, "float64")],
)
def test_ids_out_of_range_do_not_wrap_around(stored, dtype):
    with pytest.raises(ValueError, match=rf"^label\.png: .*out of range.*got {int(stored)} in 1 "):
        ann = Annotation("seg", "classes", dir="label", num_classes=3)
        decode(np.array([[0, stored]], dtype), ann, "label.png")


@pytest.mark.parametrize("stored", [0.5, 1e300, np.nan, np.inf, -np.inf])
def test_values_that_are_not_ids_are_refused(stored):
    with pytest.raises(ValueError, match=r"^label\.png: expected whole numbers"):
        labels([0, stored], float, num_classes=3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int32", "int64", "float32", ">u2"])
def test_every_type_gives_the_same(dtype):
    assert labels([0, 2, 255], dtype, num_classes=3) == [0, 2, 255]
    assert labels([1, 2, 0], dtype, num_classes=2, reduce_zero_label=True) == [0, 1, 255]
    assert labels([7, 9, 0], dtype, num_classes=2, id_map={7: 1, 9: 0, 0: 255}) == [1, 0, 255]


def test_ids_and_marks_of_many_bits():
    assert labels([0, 2**32 - 1], "uint32", num_classes=2, ignore=2**32 - 1) == [0, 255]
    assert labels([0, -(2**31)], "int64", num_classes=2, ignore=-(2**31)) == [0, 255]
    assert labels([10**6, 5], "int64", num_classes=2, id_map={10**6: 1, 5: 0}) == [1, 0]


def test_bool_is_two_classes():
    assert labels([True, False], bool, num_classes=2) == [1, 0]


def test_mapped_ids_take_precedence_over_ignored_ones():
    assert labels([0, 255], num_classes=2, id_map={0: 0, 255: 1}) == [0, 1]
    assert labels([-1, 1], np.int32, num_classes=2, id_map={-1: 0, 1: 1}) == [0, 1]
    assert labels([3, 255, 1], num_classes=2, id_map={3: 1, 1: 0}, ignore=(255, 3)) == [1, 255, 0]
    # both -1 and 255 in a map mean that an id is ignored
    assert labels([3, 4, 1], num_classes=2, id_map={3: 255, 4: -1, 1: 0}) == [255, 255, 0]


def test_shift_comes_after_the_map_and_before_the_subset():
    shifted = dict(num_classes=3, reduce_zero_label=True)
    assert labels([0, 1, 3, 255], **shifted) == [255, 0, 2, 255]
    assert labels([9, 8, 7], id_map={9: 0, 8: 1, 7: 3}, **shifted) == [255, 0, 2]
    with pytest.raises(ValueError, match=r"got 4 .*class ids 1\.\.3"):
        labels([1, 4], **shifted)
    with pytest.raises(ValueError, match=r"id 7 into class 4; .* 1\.\.3"):
        labels([9], id_map={9: 1, 7: 4}, **shifted)
    # class 2 of three becomes class 0 of one, as mmseg does it: the subset is of shifted ids
    subset = dict(num_classes=1, label_map={0: 255, 1: 255, 2: 0})
    assert labels([0, 1, 3], reduce_zero_label=True, **subset) == [255, 255, 0]
    both = dict(id_map={7: 3, 8: 1, 0: 0}, reduce_zero_label=True, **subset)
    assert labels([7, 8, 0], **both) == [0, 255, 255]


def test_subset_after_the_map():
    subset = dict(num_classes=2, label_map={0: 255, 1: 1, 2: 0})
    assert labels([0, 1, 2, 255], **subset) == [255, 1, 0, 255]
    assert labels([30, 10, 20], id_map={10: 1, 20: 2, 30: 0}, **subset) == [255, 1, 0]
    with pytest.raises(ValueError, match=r"got 3 .*0\.\.2"):
        labels([3], **subset)
    with pytest.raises(ValueError, match="id 9 into class 3"):
        labels([9], id_map={9: 3}, **subset)
    with pytest.raises(ValueError, match="label_map.*class 2 into 2"):
        labels([0], num_classes=2, label_map={0: 0, 1: 1, 2: 2})
    # an image need not show any class of a subset
    assert labels([0, 0], **subset) == [255, 255]
