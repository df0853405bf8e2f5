"""Any annotation decodes any array to a map of its kind, or raises our own error."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlhl.datasets import Annotation
from mmlhl.datasets.decoding import decode

NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, -1, 127, 128, 254, 255, 256, 65535, -5, 2**32, 0.5, float("inf")]),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=True, width=32),
)
VALUES = dict(
    scale=NUMBERS,
    offset=NUMBERS,
    invalid=st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3), st.sampled_from(["nan", "inf", "x"])),
    max_value=NUMBERS,
    inverse=st.booleans(),
    axes=st.sampled_from([("x", "-y", "z"), ("z", "x", "y"), "xyz", ("x", "y")]),
    num_classes=st.integers(-1, 260),
    classes=st.sampled_from([("a", "b"), "ab", ("a", "a"), ()]),
    id_map=st.dictionaries(st.integers(-300, 300), st.integers(-2, 260), max_size=4),
    ignore=st.one_of(st.integers(-1, 300), st.lists(NUMBERS, max_size=3)),
    reduce_zero_label=st.booleans(),
    label_map=st.sampled_from([{0: 255, 1: 0}, {0: 1, 1: 0}, {0: 0, 1: 1, 2: 255}, {1: 0}]),
    allow_void=st.booleans(),
    threshold=NUMBERS,
    channels=st.one_of(st.integers(-1, 4), st.lists(st.integers(0, 4), max_size=3)),
)
KEYS = dict(
    classes="num_classes classes id_map ignore reduce_zero_label label_map allow_void channels",
    binary="id_map ignore allow_void threshold channels",
    depth="scale offset invalid max_value inverse channels",
    normal="scale offset invalid axes channels",
    channels="scale offset invalid max_value channels",
)
DTYPES = (
    "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 float32 float64 >u2".split()
)


@st.composite
def annotations(draw):
    kind = draw(st.sampled_from(sorted(KEYS)))
    keys = draw(st.lists(st.sampled_from(KEYS[kind].split()), max_size=3, unique=True))
    if draw(st.integers(0, 9)) == 0:
        keys.append(draw(st.sampled_from(sorted(VALUES))))
    return dict(kind=kind, dir="x", **{key: draw(VALUES[key]) for key in keys})


@st.composite
def arrays(draw):
    shape = draw(st.sampled_from([(2, 3), (1, 1), (2, 3, 1), (2, 2, 3), (1, 2, 4), (3,), (0, 2)]))
    few = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    with np.errstate(all="ignore"):
        values = np.array(few, np.float64)[rng.integers(0, len(few), shape)]
        return values.astype(draw(st.sampled_from(DTYPES)))


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(annotations(), arrays())
def test_a_map_or_our_own_error(options, raw):
    before = raw.copy()
    try:
        with np.errstate(all="ignore"):
            ann = Annotation.from_config("task", options)
            got = decode(raw, ann, "file.png")
    except ValueError as error:
        assert str(error).startswith(("file.png: ", "annotations['task']")), error
        return
    np.testing.assert_array_equal(raw, before)
    assert got.shape[:2] == raw.shape[:2]
    if ann.kind in ("classes", "binary"):
        top = 2 if ann.kind == "binary" else ann.num_classes or 254
        assert got.dtype == np.uint8 and got.ndim == 2
        assert ((got < top) | (got == 255)).all()
        return
    known = got[np.isfinite(got)]
    assert got.dtype == np.float32 and not np.isinf(got).any()
    if ann.kind == "depth":
        assert got.ndim == 2 and (known > 0).all()
    if ann.kind == "normal":
        assert got.shape[2] == 3
        np.testing.assert_allclose((known.reshape(-1, 3) ** 2).sum(1), 1, atol=1e-3)
    if ann.max_value is not None:
        assert (known <= np.float32(ann.max_value)).all()
