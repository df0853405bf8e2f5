"""The class of a config's ``type`` in any notation."""

import pytest
from mmcv.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

import mmlhl  # noqa: F401
from mmlhl.registered import registered, registered_class, type_name


@pytest.mark.parametrize("name", ["", ".", "nobody", "nobody.RandomFlip", "a b", "mmseg.", "1"])
def test_unknown_names_give_none(name):
    assert registered(TRANSFORMS, name) is None
    assert registered_class(TRANSFORMS, dict(type=name)) is None


@pytest.mark.parametrize("kind", [None, 3, [], {}, dict(type=None), dict(type=["RandomFlip"])])
def test_values_that_are_not_types_give_none(kind):
    assert registered_class(TRANSFORMS, kind) is None


@pytest.mark.parametrize("name", ["RandomFlip", RandomFlip, dict(type="mmcv.RandomFlip")])
def test_a_class_by_all_its_names(name):
    assert issubclass(registered_class(TRANSFORMS, name), RandomFlip)


@pytest.mark.parametrize(
    "kind", ["RandomFlip", RandomFlip, dict(type="mmcv.RandomFlip"), RandomFlip(prob=0.5)]
)
def test_the_bare_name_of_a_type(kind):
    assert type_name(kind) == "RandomFlip"


def test_the_bare_name_of_anything_else():
    assert (type_name(len), type_name(None), type_name({})) == ("len", "None", "None")
