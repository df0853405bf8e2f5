import numpy as np
import pytest

from mmlhl.rendering import Material, Shape
from mmlhl.rendering.intersect import intersect, surface
from mmlhl.rendering.kit import turn

PAINT = Material("plain", np.ones((1, 3)))


def shape(kind, half, rotation=None, taper=1.0, centre=(0, 0, 0)):
    rotation = np.eye(3) if rotation is None else rotation
    return Shape(kind, 0, np.array(centre, float), np.array(half, float), rotation, PAINT, taper)


def hit(form, origin, ray):
    with np.errstate(all="ignore"):
        t = intersect(form, np.array(origin, float)[:, None], np.array(ray, float)[:, None])[0]
    point = np.array(origin) + t * np.array(ray) if np.isfinite(t) else None
    normal = None if point is None else surface(form, point[:, None])[0][:, 0]
    return t, normal


def test_box_is_hit_at_its_near_face():
    t, normal = hit(shape("box", (1, 2, 3)), (-5, 0.3, 0.4), (2, 0, 0))
    assert t == pytest.approx(2) and np.allclose(normal, (-1, 0, 0))


def test_turned_box():
    # a square turned by 45 degrees shows its corner at sqrt(2); beside it a face
    form = shape("box", (1, 1, 1), turn(45))
    t, normal = hit(form, (-5, 0.2, 0), (1, 0, 0))
    assert t == pytest.approx(5 - (np.sqrt(2) - 0.2))
    assert np.allclose(normal, (-np.sqrt(0.5), np.sqrt(0.5), 0))


def test_ellipsoid():
    t, normal = hit(shape("ellipsoid", (2, 1, 1)), (-5, 0, 0.6), (1, 0, 0))
    # x^2 / 4 + 0.36 = 1 gives x = -1.6; the gradient is (x / 4, 0, z)
    assert t == pytest.approx(3.4)
    expected = np.array([-0.4, 0, 0.6]) / np.hypot(0.4, 0.6)
    assert np.allclose(normal, expected)


def test_cylinder_side_and_caps():
    form = shape("cylinder", (1, 1, 2))
    t, normal = hit(form, (-5, 0.6, 1), (1, 0, 0))
    assert t == pytest.approx(4.2) and np.allclose(normal, (-0.8, 0.6, 0))
    t, normal = hit(form, (0.3, 0, 5), (0, 0, -1))
    assert t == pytest.approx(3) and np.allclose(normal, (0, 0, 1))
    t, normal = hit(form, (0.3, 0, -5), (0, 0, 1))
    assert t == pytest.approx(3) and np.allclose(normal, (0, 0, -1))
    assert hit(form, (1.01, 0, 5), (0, 0, -1))[0] == np.inf


def test_cone():
    # radius 1 at the bottom (z = -1) and 0 at the top: at z = 0 it is one half
    t, normal = hit(shape("cylinder", (1, 1, 1), taper=0.0), (-5, 0, 0), (1, 0, 0))
    assert t == pytest.approx(4.5)
    assert np.allclose(normal, np.array([-2, 0, 1]) / np.sqrt(5))


@pytest.mark.parametrize("kind", ["box", "ellipsoid", "cylinder"])
def test_no_hit_beside_behind_or_from_inside(kind):
    form = shape(kind, (1, 1, 1))
    assert hit(form, (-5, 3, 0), (1, 0, 0))[0] == np.inf
    assert hit(form, (-5, 0, 0.1), (-1, 0, 0))[0] == np.inf
    assert hit(form, (0, 0, 0.1), (1, 0.1, 0))[0] == np.inf
