"""The option at fault is found without knowledge of the class that is built."""

import pytest

from mmlhl.faulty_option import faulty_option, option_named


def network(width, strides=(1, 2), norm=None, ratio=0.1, first=0):
    if first > 10:
        return True
    assert strides
    assert width % len(strides) == 0
    assert norm is None or norm["type"]
    return ratio > 0


def build(config):
    return network(**{key: value for key, value in config.items() if key != "type"})


@pytest.mark.parametrize(
    ("options", "at_fault"),
    [
        (dict(width=4, strides=7), "strides"),
        (dict(width=None, strides=(1,)), "width"),
        (dict(width=5, strides=(1, 2)), "width"),
        (dict(width=4, norm=True, ratio=0.5), "norm"),
        (dict(width=4, ratio=[]), "ratio"),
        (dict(width=4, norm=True, ratio=[]), None),  # two at once
        (dict(width=4, stride=2), "stride"),
        (dict(width=4, strides=[], first=0), "strides"),
        (dict(width=4, first=0, strides=[], norm=True), None),  # 32 as the first would hide it
    ],
)
def test_option_at_fault(options, at_fault):
    assert faulty_option(build, dict(type="Network", **options)) == at_fault


def test_the_error_names_the_option_and_its_value():
    config = dict(type="Network", width=4, strides=7)
    with pytest.raises(TypeError) as caught:
        build(config)
    text = option_named(build, config, caught.value)
    assert text == "TypeError: object of type 'int' has no len(); it comes from strides=7"


def test_errors_of_no_single_option_stay_as_they_are():
    assert option_named(build, dict(width=4, norm=True, ratio=[]), ValueError("no")) == "no"
