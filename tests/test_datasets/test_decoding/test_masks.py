"""Binary maps: values of foreground and background take precedence over ignored values."""

import numpy as np
import pytest

from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode


def mask(stored, dtype=np.uint8, **options):
    ann = Annotation("saliency", "binary", dir="mask", **options)
    return decode(np.array([stored], dtype), ann, "mask.png")[0].tolist()


@pytest.mark.parametrize("threshold", [0, 127, 254.5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_white_is_above_any_threshold(threshold, dtype):
    assert mask([0, 0, 255], dtype, threshold=threshold) == [0, 0, 1]


def test_greys_and_fractions():
    assert mask([0, 100, 200, 255], threshold=127) == [0, 0, 1, 1]
    assert mask([0.0, 0.4, 0.6, 1.0], float, threshold=0.5) == [0, 0, 1, 1]
    assert mask([-1, -0.5, 1], np.float32, threshold=0) == [0, 0, 1]
    assert mask([0, 32768, 65535], np.uint16, threshold=32767) == [0, 1, 1]
    assert mask([False, True], bool, threshold=0.5) == [0, 1]
    # an entirely white mask is foreground, not void
    assert mask([255, 255], threshold=127) == [1, 1]


def test_ignored_values_apply_together_with_a_threshold():
    assert mask([0, 128, 255], threshold=130, ignore=128) == [0, 255, 1]
    assert mask([0, 3, 9], threshold=5, ignore=(3,)) == [0, 255, 1]


def test_zero_and_one_need_no_threshold():
    assert mask([0, 1, 255]) == [0, 1, 255]
    assert mask([0, 1, -1], np.int64) == [0, 1, 255]
    assert mask([0.0, 1.0], float) == [0, 1]
    assert mask([True, False], bool) == [1, 0]
    assert mask([0, 255], ignore=255) == [0, 255]  # the config sets 255 as ignored


def test_zero_and_255_may_mean_either():
    with pytest.raises(ValueError, match=r"mask\.png: .*'saliency'.*threshold=127.*ignore=255"):
        mask([0, 255])
    with pytest.raises(ValueError, match="every pixel.*void"):
        mask([255, 255])


def test_id_map_of_a_mask():
    assert mask([0, 255], id_map={0: 0, 255: 1}) == [0, 1]
    assert mask([1, 2, 3], id_map={1: 1, 2: 0, 3: 255}) == [1, 0, 255]  # a trimap
    with pytest.raises(ValueError, match="id 3 into class 2"):
        mask([1], id_map={1: 1, 3: 2})


def test_marks_that_are_the_kinds_own_values():
    with pytest.raises(ValueError, match=r"\['ignore'\] is \(0,\), but 0 is one of the two"):
        mask([0, 1], ignore=0)
    with pytest.raises(ValueError, match="1 is one of the two values"):
        mask([0, 1], ignore=(255, 1))


@pytest.mark.parametrize(
    ("stored", "dtype", "options", "message"),
    [
        ([0, 128], "uint8", {}, "got 128; set 'threshold'"),
        ([0, 2**32 + 1], "int64", {}, "got 4294967297"),
        ([0, 0.3, 1], "float32", {}, "whole numbers"),
        ([0, np.nan], "float32", dict(threshold=0.5), "finite numbers"),
        ([0, np.inf], "float32", dict(threshold=0.5), "finite numbers"),
    ],
)
def test_values_that_no_mask_contains_are_refused(stored, dtype, options, message):
    with pytest.raises(ValueError, match=rf"^mask\.png: .*{message}"):
        mask(stored, dtype, **options)


@pytest.mark.parametrize(
    ("dtype", "threshold"), [(bool, 127), (bool, 1), (np.uint8, 255), (np.uint8, -1), ("u2", 7e4)]
)
def test_a_threshold_with_a_whole_type_on_one_side_is_refused(dtype, threshold):
    with pytest.raises(ValueError, match=r"^mask.png: .*on one side of threshold="):
        mask([0, 1], dtype, threshold=threshold)
