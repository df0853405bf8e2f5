"""Plain data keeps its values and its types."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict

from mmlhl.checkpoints import to_plain


class Name(str):
    """A string of a class of its own."""


@pytest.mark.parametrize(
    "value, wanted",
    [
        (True, True),
        (False, False),
        (np.bool_(True), True),
        (1, 1),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (np.int32(3), 3),
        (Name("a"), "a"),
        (b"x", b"x"),
        (None, None),
        (ConfigDict(a=True, b=(1, False)), dict(a=True, b=(1, False))),
        ({2, True}, [True, 2]),
        (np.array([True]), [True]),
    ],
)
def test_values(value, wanted):
    found = to_plain(value)
    # repr, since True equals 1 but does not read alike
    assert repr(found) == repr(wanted) and type(found) is type(wanted)


def test_what_is_no_data():
    with pytest.raises(TypeError, match=r"meta.a\[0\] is a device"):
        to_plain(dict(a=[torch.device("cpu")]))
    lost = []
    assert to_plain(dict(a=object()), lost=lost) == dict(a=None) and len(lost) == 1
