"""Images of pipelines as they are shown."""

import numpy as np

from mmlhl.visualization.photographs import as_shown


def test_grey_colour_and_numbers_beyond_the_range():
    assert as_shown(np.array([[3, 255]], np.uint8)).tolist() == [[[3] * 3, [255] * 3]]
    assert as_shown(np.array([[[1.4, 2.0, 300.0]]])).tolist() == [[[255, 2, 1]]]


def test_an_image_that_was_normalised_is_not_black():
    image = np.array([[[-2.0, 0.0, 2.0], [-2.0, 2.0, 1.0]]], np.float32)
    assert as_shown(image).tolist() == [[[255, 128, 0], [191, 255, 0]]]
    assert as_shown(np.full((1, 1, 3), -1.0)).tolist() == [[[0, 0, 0]]]
