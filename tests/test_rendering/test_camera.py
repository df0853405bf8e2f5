import numpy as np
import pytest

from mmlhl.rendering import Camera


def test_level_camera_has_the_axes_of_its_frame():
    # heading 90 degrees is along world y; then right is world x and down is minus world z
    camera = Camera.look((0, 0, 0), 90, 0, 0, 90, 4, 6)
    assert np.allclose(camera.rotation, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert camera.fx == pytest.approx(3) and (camera.cx, camera.cy) == (3, 2)


@pytest.mark.parametrize("angles", [(20, -10, 5), (200, 30, -40)])
def test_rotation_is_proper(angles):
    rotation = Camera.look((0, 0, 0), *angles, 60, 8, 8).rotation
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_pitch_looks_up_and_roll_turns_clockwise():
    assert Camera.look((0, 0, 0), 0, 30, 0, 60, 8, 8).rotation[2, 2] == pytest.approx(0.5)
    # a camera rolled clockwise has its right axis pointing down
    assert Camera.look((0, 0, 0), 0, 0, 30, 60, 8, 8).rotation[0, 2] == pytest.approx(-0.5)


def test_rays_have_length_one_along_the_axis_and_project_back():
    camera = Camera.look((1, 2, 1.5), 33, -12, 4, 70, 5, 7)
    rays = camera.rays(5, 7)
    assert np.allclose(np.einsum("i,ihw->hw", camera.rotation[2], rays), 1)
    points = camera.position + 3 * rays.reshape(3, -1).T
    column, row, depth = camera.project(points).T
    assert np.allclose(column.reshape(5, 7), np.arange(7) + 0.5)
    assert np.allclose(row.reshape(5, 7), np.arange(5)[:, None] + 0.5)
    assert np.allclose(depth, 3)


def test_finer_rays_average_to_pixel_centres():
    camera = Camera.look((0, 0, 0), 10, 3, 2, 60, 4, 6)
    fine = camera.rays(4, 6, samples=2).reshape(3, 4, 2, 6, 2).mean(axis=(2, 4))
    assert np.allclose(fine, camera.rays(4, 6))


def test_zoom_multiplies_focal_lengths_only():
    camera = Camera.look((0, 0, 0), 10, 3, 2, 60, 4, 6)
    near = camera.zoom(2.5)
    assert (near.fx, near.fy) == (2.5 * camera.fx, 2.5 * camera.fy)
    assert (near.cx, near.cy) == (camera.cx, camera.cy)
    with pytest.raises(ValueError, match="zoom factor must be positive, got 0"):
        camera.zoom(0)
