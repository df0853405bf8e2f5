"""Rules say what an option must be, and refuse anything else by its place."""

import math

import pytest

from mmlhl.option_rules import (
    ABOVE_0,
    SWITCH,
    check_options,
    each,
    number,
    one_of,
    or_none,
    whole,
)


@pytest.mark.parametrize(
    ("rule", "right", "wrong", "words"),
    [
        (whole(1), [1, 7], [0, True, 1.0, "1", None], "a whole number >= 1"),
        (or_none(whole(0)), [0, None], [-1, []], "None or a whole number >= 0"),
        (ABOVE_0, [1e-9, math.inf], [0, False, "1"], "a number > 0"),
        (number(lambda v: v > 0, "big"), [1], [math.inf, math.nan, 0], "big"),
        (SWITCH, [True, 0, 1], ["False", 2, None, [1]], "True or False"),
        (one_of(["a", 1]), ["a", 1], ["b", None, {}], r"one of \['a', 1\]"),
        (each(whole(1)), [3, [1, 2]], [[1, 0], "a"], "a whole number >= 1"),
    ],
)
def test_values(rule, right, wrong, words):
    for value in right:
        check_options(dict(x=value), dict(x=rule), "place")
    check_options({}, dict(x=rule), "place")
    for value in wrong:
        with pytest.raises(ValueError, match=rf"^place\.x must be {words}, got"):
            check_options(dict(x=value), dict(x=rule), "place")
