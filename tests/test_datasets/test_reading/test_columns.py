"""Lines of lists that name an image and its label."""

import pytest

from mmlhl.datasets.reading import columns_hint


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("a/0 a/0", 2),
        ("a/0.png a/0.png", 2),
        ("a/0.png\ta/0_label.png", 2),
        ("a/0.png,a/0.png", 2),
        ("a/0.png, a/0.png, a/0_depth.png", 3),
        ("image/a/0.png;label/a/0.png", 2),
        ("/image/a/0.png /label/a/0.png", 2),
        ("image,label", 2),
        ("a/0  1", 2),  # as PASCAL's lists of a class
    ],
)
def test_columns_are_named(line, columns):
    hint = columns_hint(line, {"a/0"}.__contains__)
    assert f"The line has {columns} columns" in hint and "keep that of the image alone" in hint


@pytest.mark.parametrize("line", ["a/7", "my photo", "my photo.png", "a/1.jpg", "a,", ""])
def test_other_lines_have_none(line):
    assert columns_hint(line, {"a/0"}.__contains__) == ""
