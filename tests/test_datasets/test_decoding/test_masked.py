"""What a masked array masks is unknown, whichever function of the user's gives it."""

import numpy as np
import pytest

from mmlhl.datasets import Annotation
from mmlhl.datasets.decoding import decode, made_map

HIDDEN = np.array([[True, False, False]])


def ann(kind, **options):
    return Annotation("task", kind, dir="x", **options)


@pytest.mark.parametrize("hidden", [2, 300, -9])  # what is masked may be anything
def test_ids(hidden):
    stored = np.ma.masked_array(np.array([[hidden, 1, 2]]), HIDDEN)
    assert decode(stored, ann("classes", num_classes=3), "a").tolist() == [[255, 1, 2]]
    stored = np.ma.masked_array(np.array([[hidden, 1, 0]]), HIDDEN)
    assert decode(stored, ann("binary"), "a").tolist() == [[255, 1, 0]]


@pytest.mark.parametrize("hidden", [2.0, -5.0, np.nan, np.inf])
def test_numbers(hidden):
    stored = np.ma.masked_array(np.array([[hidden, 1, 2]]), HIDDEN)
    for kind in ("depth", "channels"):
        out = decode(stored, ann(kind), "a")
        assert type(out) is np.ndarray and np.isnan(out[0, 0]) and out[0, 1:].tolist() == [1, 2]
    vectors = np.array([[[0, 0, hidden], [0, 0, 1], [0, 1, 0]]])
    stored = np.ma.masked_array(vectors, np.isin(np.arange(9), [2]).reshape(1, 3, 3))
    out = decode(stored, ann("normal"), "a")
    assert np.isnan(out[0, 0]).all() and out[0, 1].tolist() == [0, 0, 1]


def test_a_mask_that_hides_nothing_or_everything():
    stored = np.ma.masked_array(np.array([[0, 1, 2]]), False)
    assert decode(stored, ann("classes", num_classes=3), "a").tolist() == [[0, 1, 2]]
    stored = np.ma.masked_array(np.array([[0, 1, 2]]), True)
    assert np.isnan(decode(stored, ann("depth"), "a")).all()
    with pytest.raises(ValueError, match="every pixel of annotation 'task' is void"):
        decode(stored, ann("classes", num_classes=3), "a")
    void = ann("classes", num_classes=3, allow_void=True)
    assert (decode(stored, void, "a") == 255).all()


def test_what_is_not_masked_is_checked():
    stored = np.ma.masked_array(np.array([[0, 300, 2]]), HIDDEN)
    with pytest.raises(ValueError, match="got 300 in 2 pixels|got 300 in 1 pixels"):
        decode(stored, ann("classes", num_classes=3), "a")


def test_maps_that_a_function_makes():
    made = np.ma.masked_array(np.array([[300, 1, 2]]), HIDDEN)
    out = made_map(made, ann("classes", num_classes=3), "a", "post", (1, 3))
    assert type(out) is np.ndarray and out.tolist() == [[255, 1, 2]]
    made = np.ma.masked_array(np.array([[-1.0, 1, 2]]), HIDDEN)
    out = made_map(made, ann("depth"), "a", "post", (1, 3))
    assert np.isnan(out[0, 0]) and out[0, 1:].tolist() == [1, 2]
    made = np.ma.masked_array(np.array([[0, 1, 1]], np.uint8), HIDDEN)
    out = made_map(made, ann("channels"), "a", "source", (1, 3))
    assert out.dtype == np.float32 and np.isnan(out[0, 0])


@pytest.mark.parametrize("given", [[[0, 1, 2]], ((0, 1, 2),)])
def test_lists_are_arrays(given):
    assert decode(given, ann("classes", num_classes=3), "a").tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("given", [None, "labels", {}, [[0, 1], [2]], [["a"]]])
def test_what_is_no_array_is_named(given):
    with pytest.raises(ValueError, match="a.bin: expected numbers of shape"):
        decode(given, ann("classes", num_classes=3), "a.bin")
