import numpy as np
import pytest

from mmlhl.rendering import (
    CLASSES,
    Camera,
    Light,
    Material,
    Scene,
    Shape,
    render,
    scene_and_camera,
)
from mmlhl.rendering.renderer import render_labels

HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module", params=range(4))
def rendered(request):
    scene, camera = scene_and_camera("train", request.param, HEIGHT, WIDTH, seed=5)
    return scene, camera, render(scene, camera, HEIGHT, WIDTH)


def test_shapes_types_and_ranges(rendered):
    _, _, sample = rendered
    assert sample["image"].shape == (HEIGHT, WIDTH, 3) and sample["image"].dtype == np.uint8
    assert sample["label"].shape == (HEIGHT, WIDTH) and sample["label"].dtype == np.uint8
    assert sample["label"].max() < len(CLASSES)
    assert sample["depth"].dtype == np.float32 and sample["normal"].dtype == np.float32
    assert np.isfinite(sample["depth"]).all() and sample["depth"].min() > 0.1
    # no room's diagonal is longer than this
    assert sample["depth"].max() < 9
    assert sample["image"].std() > 10


def test_normals_are_unit_and_face_the_camera(rendered):
    _, camera, sample = rendered
    assert np.allclose(np.linalg.norm(sample["normal"], axis=2), 1, atol=1e-5)
    u = (np.arange(WIDTH) + 0.5 - camera.cx) / camera.fx
    v = (np.arange(HEIGHT) + 0.5 - camera.cy) / camera.fy
    rays = np.stack([*np.meshgrid(u, v), np.ones((HEIGHT, WIDTH))], axis=2)
    assert (rays * sample["normal"]).sum(axis=2).max() < 1e-6


def test_normals_agree_with_depth_on_planes(rendered):
    _, camera, sample = rendered
    u = (np.arange(WIDTH) + 0.5 - camera.cx) / camera.fx
    v = (np.arange(HEIGHT) + 0.5 - camera.cy) / camera.fy
    rays = np.stack([*np.meshgrid(u, v), np.ones((HEIGHT, WIDTH))], axis=2)
    points = rays * sample["depth"][..., None].astype(np.float64)
    across = points[1:-1, 2:] - points[1:-1, :-2]
    down = points[2:, 1:-1] - points[:-2, 1:-1]
    # x right, y down, z forward: down x across points back to the camera
    normal = np.cross(down, across)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    # on a plane, and only there, inverse depth is affine in the pixel coordinates
    inverse = 1 / sample["depth"].astype(np.float64)
    bend = np.abs(inverse[1:-1, 2:] + inverse[1:-1, :-2] - 2 * inverse[1:-1, 1:-1])
    bend += np.abs(inverse[2:, 1:-1] + inverse[:-2, 1:-1] - 2 * inverse[1:-1, 1:-1])
    flat = bend < 1e-6
    cosine = (normal * sample["normal"][1:-1, 1:-1]).sum(axis=2)[flat]
    assert flat.mean() > 0.4
    assert cosine.min() > np.cos(np.deg2rad(0.5))


def test_zoom_shares_rays_with_the_centre():
    # with an odd size and factor 2 every second zoomed pixel lies on a ray of the wide image
    height, width = 37, 49
    scene, camera = scene_and_camera("val", 3, height, width)
    wide = render(scene, camera, height, width)
    near = render(scene, camera.zoom(2), height, width)
    rows, columns = np.arange(0, height, 2), np.arange(0, width, 2)
    inner = np.ix_(rows // 2 + height // 4, columns // 2 + width // 4)
    outer = np.ix_(rows, columns)
    assert np.allclose(near["depth"][outer], wide["depth"][inner], rtol=1e-6)
    assert (near["label"][outer] == wide["label"][inner]).all()
    assert np.allclose(near["normal"][outer], wide["normal"][inner], atol=1e-6)


def test_depth_is_along_the_axis_not_along_the_ray():
    # inside a cube of walls, 2 m in front of one: z-depth is 2 m from edge to edge of the image
    paint = Material("plain", np.full((1, 3), 0.5))
    walls = []
    for axis in range(3):
        for side in (-1, 1):
            centre, half = np.full(3, 2.0), np.full(3, 3.0)
            centre[axis] += side * 2.5
            half[axis] = 0.5
            walls.append(Shape("box", 11, centre, half, np.eye(3), paint))
    scene = Scene(np.full(3, 4.0), walls, [Light(np.full(3, 2.0), np.ones(3))], np.ones(3))
    camera = Camera.look((2, 2, 2), 90, 0, 0, 80, 12, 16)
    sample = render(scene, camera, 12, 16)
    assert np.allclose(sample["depth"], 2, atol=1e-6)
    assert np.allclose(sample["normal"], (0, 0, -1), atol=1e-6)
    assert (sample["label"] == 11).all()


def test_camera_outside_is_an_error():
    scene, _ = scene_and_camera("train", 0, 12, 16)
    with pytest.raises(ValueError, match="sees out of the room"):
        render_labels(scene, Camera.look((-9, -9, 1), 180, 0, 0, 60, 12, 16), 12, 16)


def test_equal_scenes_give_equal_pixels():
    one, two = (render(*scene_and_camera("train", 7, 24, 32), 24, 32) for _ in range(2))
    for key, value in one.items():
        assert np.array_equal(value, two[key]), key


def test_image_is_not_a_function_of_the_class_alone(rendered):
    _, _, sample = rendered
    wall = sample["image"][sample["label"] == CLASSES.index("wall")].astype(float)
    assert wall.std(axis=0).mean() > 3
