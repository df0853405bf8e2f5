"""Unmeasured values: listed numbers, and values above ``max_value``, including infinity."""

import numpy as np
import pytest

from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode


def read(kind, stored, dtype=np.float32, **options):
    ann = Annotation("task", kind, dir="x", **options)
    return decode(np.array([stored], dtype), ann, "a.npy")[0]


@pytest.mark.parametrize("kind", ["depth", "channels"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_infinity_is_greater_than_any_value(kind, dtype):
    got = read(kind, [5, np.inf, 81], dtype, max_value=80.0)
    assert got[0] == 5 and np.isnan(got[1:]).all()


def test_overflowing_values_exceed_max_value():
    got = read("depth", [5, 1e300], np.float64, max_value=80)
    assert got[0] == 5 and np.isnan(got[1])
    got = read("depth", [5, 3e38], scale=1000.0, max_value=1e6)
    assert got[0] == 5000 and np.isnan(got[1])
    with pytest.raises(ValueError, match="infinity"):
        read("depth", [5, 1e300], np.float64)


def test_max_value_applies_to_decoded_values():
    got = read("depth", [1000, 65535], np.uint16, scale=0.001, max_value=10)
    assert got[0] == 1 and np.isnan(got[1])


def test_infinity_can_be_listed():
    got = read("depth", [5, np.inf, 0], invalid=(0, "inf"))
    assert got[0] == 5 and np.isnan(got[1:]).all()
    got = read("channels", [-5, -np.inf, np.nan], invalid=("-inf", "nan"))
    assert got[0] == -5 and np.isnan(got[1:]).all()
    assert np.isnan(read("depth", [np.inf, 1], invalid=float("inf")))[0]


@pytest.mark.parametrize("stored", [np.inf, -np.inf, np.nan])
def test_unlisted_special_values_are_refused(stored):
    with pytest.raises(ValueError, match=r"^a\.npy: NaN or infinity in channels.*'inf'"):
        read("channels", [0, stored])


@pytest.mark.parametrize("stored", [-np.inf, np.nan])
def test_max_value_does_not_accept_minus_infinity_or_nan(stored):
    with pytest.raises(ValueError, match="NaN or infinity"):
        read("depth", [1, stored], max_value=80)


def test_negative_marks():
    for marks in (-1, (-1,), [0, -1]):
        got = read("depth", [-1, 0, 2], invalid=marks)
        assert np.isnan(got[:2]).all() and got[2] == 2
    got = read("depth", [-9999, 3], np.int16, invalid=-9999, scale=0.5)
    assert np.isnan(got[0]) and got[1] == 1.5
    with pytest.raises(ValueError, match=r"negative depth -2.*invalid=\(0\.0,\)"):
        read("depth", [1, -2], max_value=80)


@pytest.mark.parametrize("kind", ["depth", "channels"])
@pytest.mark.parametrize("mark", [9999.9, 1e10, 0.1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_mark_that_was_rounded_to_32_bits_before(kind, mark, dtype):
    if mark > float(np.finfo(dtype).max):
        return
    assert np.isnan(read(kind, [5, np.float32(mark)], dtype, invalid=mark)[1])
    assert np.isnan(read(kind, [5, mark], dtype, invalid=mark)[1])
    assert not np.isnan(read(kind, [5, mark * 1.01], dtype, invalid=mark)[1])


def test_such_a_mark_among_normals():
    stored = np.array([[[0, 0, 1], [np.float32(-9.9)] * 3]], np.float64)
    got = decode(stored, Annotation("task", "normal", dir="x", invalid=-9.9), "a.npy")
    assert got[0, 0, 2] == 1 and np.isnan(got[0, 1]).all()
