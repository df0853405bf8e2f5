"""Hand-computed errors, and their position in the picture."""

import numpy as np
import pytest

from mmlhl.visualization.phase_strip import error_map, phase_strip


def test_errors_are_in_the_units_of_the_task():
    truth = np.array([[[1, 2, 255]]])
    np.testing.assert_array_equal(
        error_map("classes", np.array([[[1, 3, 0]]]), truth), [[0, 1, np.nan]]
    )
    depth = np.array([[[2.0, np.nan, 0.0]]])
    np.testing.assert_allclose(
        error_map("depth", np.array([[[2.5, 1.0, 1.0]]]), depth), [[0.5, np.nan, np.nan]]
    )
    right, away = np.array([1.0, 0, 0]), np.array([0, 0, -2.0])
    normal = np.stack([right, right, right * 0]).T[:, None]
    predicted = np.stack([away, right + away / 2, away]).T[:, None]
    np.testing.assert_allclose(
        error_map("normal", predicted, normal), [[90, 45, np.nan]], rtol=1e-6
    )
    # no prediction and no direction are no perfect ones
    predicted[:, 0, 0], predicted[0, 0, 1], normal[:, 0, 2] = 0, np.nan, away
    np.testing.assert_allclose(error_map("normal", predicted, normal), [[90, np.nan, 0]])
    binary = np.array([[[1, 0, 255]]])
    np.testing.assert_allclose(
        error_map("binary", np.array([[[0.25, 0.5, 0.5]]]), binary), [[0.75, 0.5, np.nan]]
    )


def test_prediction_is_resized_to_the_truth():
    error = error_map("depth", np.array([[[1.0, 2.0]]]), np.full((1, 2, 4), 1.0))
    np.testing.assert_array_equal(error, [[0, 0, 1, 1], [0, 0, 1, 1]])


@pytest.mark.parametrize("kind", ["classes", "depth", "normal", "binary", "channels"])
def test_a_strip_has_a_column_a_phase_and_errors_below(kind):
    rng = np.random.default_rng(0)
    channels = dict(normal=3, channels=2).get(kind, 1)

    def make():
        data = rng.random((channels, 8, 12)) + 0.1
        return (data > 0.6).astype(np.int64) if kind in ("classes", "binary") else data

    truth, image = make(), np.zeros((8, 12, 3), np.uint8)
    strip = phase_strip(image, truth, [("1 a", make()), ("2 b", truth)], kind, "task", width=60)
    assert strip.shape[1] == 4 * 60 + 3 * 6
    assert strip.dtype == np.uint8
    lower = strip[18 + 40 + 6 + 18 :][:40]
    # the legend is below the image if there is space
    assert (lower[:, :60] == 255).all() == (kind == "normal")
    assert strip.shape[0] == 2 * 58 + 6 + (71 if kind == "normal" else 0)
    perfect = lower[:, 3 * 66 : 3 * 66 + 60]
    assert (perfect == 0).all()
    assert (lower[:, 2 * 66 : 2 * 66 + 60] > 0).any()
