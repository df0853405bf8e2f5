"""Properties that every geometric transform must have, on planes and on rendered rooms."""

import copy

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmlhl.datasets.geometry import normals_from_depth
from mmlhl.datasets.transforms import (
    MultiTaskPad,
    MultiTaskRandomCrop,
    MultiTaskRandomFlip,
    MultiTaskRandomRotate,
    MultiTaskRandomScaleCrop,
    MultiTaskResize,
)
from mmlhl.rendering.renderer import render_labels, trace
from mmlhl.rendering.writer import scene_and_camera

from .conftest import FOCAL, SIZE

MAPS = [
    "gt_seg_map",
    "gt_saliency_map",
    "gt_depth_map",
    "gt_disparity_map",
    "gt_normal_map",
    "gt_curvature_map",
]


def assert_normals_follow_depth(results, fx, fy, cx, cy, degrees=0.3):
    """Normals computed from the depth agree with the normals that the transform made."""
    depth = results["gt_depth_map"]
    computed = normals_from_depth(depth, fx, fy, cx, cy, window=3)
    # next to borders and holes a resampled pixel has neighbours on one side only
    inner = cv2.erode(np.isfinite(depth).astype(np.uint8), np.ones((9, 9))) > 0
    inner[:4] = inner[-4:] = inner[:, :4] = inner[:, -4:] = False
    both = inner & np.isfinite(results["gt_normal_map"]).all(-1)
    assert both.mean() > 0.25 and np.isfinite(computed[both]).all()
    cosine = (computed * results["gt_normal_map"]).sum(-1)[both]
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    assert angles.max() < degrees
    length = np.linalg.norm(results["gt_normal_map"][both], axis=-1)
    np.testing.assert_allclose(length, 1, atol=1e-5)


def test_normals_from_depth_are_exact_on_planes(plane):
    assert_normals_follow_depth(plane, FOCAL, FOCAL, 24, 18, degrees=0.05)
    computed = normals_from_depth(plane["gt_depth_map"], FOCAL, FOCAL, 24, 18)
    assert np.isnan(computed[5, 11]).all()  # no depth, no normal


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "diagonal"])
def test_flips(plane, direction):
    flip = MultiTaskRandomFlip(prob=1.0, direction=direction)
    once = flip(copy.deepcopy(plane))
    assert not np.array_equal(once["img"], plane["img"])
    assert_normals_follow_depth(once, FOCAL, FOCAL, 24, 18, degrees=0.05)
    signs = dict(horizontal=(-1, 1, 1), vertical=(1, -1, 1), diagonal=(-1, -1, 1))[direction]
    np.testing.assert_allclose(
        once["gt_normal_map"][0, 0], plane["gt_normal_map"][0, 0] * signs, atol=1e-6
    )
    twice = flip(copy.deepcopy(once))
    for key in ["img", *MAPS]:
        np.testing.assert_array_equal(twice[key], plane[key])


def test_resize_keeps_geometry_and_holes(plane):
    results = MultiTaskResize(scale=(96, 54))(copy.deepcopy(plane))
    assert all(results[key].shape[:2] == (54, 96) for key in ["img", *MAPS])
    assert_normals_follow_depth(results, 2 * FOCAL, 1.5 * FOCAL, 48, 27)
    assert set(np.unique(results["gt_seg_map"])) <= set(np.unique(plane["gt_seg_map"]))
    # a hole of 3x4 pixels becomes one of about 4.5x8, with numbers all around and none inside
    assert 28 <= np.isnan(results["gt_depth_map"]).sum() <= 46
    exact = plane["gt_depth_map"]
    assert np.nanmin(results["gt_depth_map"]) >= np.nanmin(exact) - 1e-6
    assert np.nanmax(results["gt_depth_map"]) <= np.nanmax(exact) + 1e-6


def test_resize_as_zoom_divides_depth(plane):
    zoomed = MultiTaskResize(scale_factor=2.0, as_zoom=True)(copy.deepcopy(plane))
    plain = MultiTaskResize(scale_factor=2.0)(copy.deepcopy(plane))
    np.testing.assert_allclose(zoomed["gt_depth_map"], plain["gt_depth_map"] / 2, rtol=1e-6)
    np.testing.assert_allclose(zoomed["gt_disparity_map"], plain["gt_disparity_map"] * 2, rtol=1e-6)


def test_random_resize_builds_ours(plane):
    transform = TRANSFORMS.build(
        dict(
            type="RandomResize",
            scale=SIZE[::-1],
            ratio_range=(2.0, 2.0),
            keep_ratio=True,
            resize_type="mmseg.MultiTaskResize",
            as_zoom=True,
        )
    )
    results = transform(copy.deepcopy(plane))
    assert results["gt_depth_map"].shape == (72, 96)
    assert np.nanmedian(results["gt_depth_map"]) == pytest.approx(
        np.nanmedian(plane["gt_depth_map"]) / 2, rel=0.01
    )


@pytest.mark.parametrize(("normals", "lens"), [("keep", 2.0), ("tilt", 1.0)])
def test_scale_crop_normals_follow_depth(plane, normals, lens):
    np.random.seed(0)
    transform = MultiTaskRandomScaleCrop(scales=(2.0,), normals=normals)
    transform._draw = lambda: (2.0, 0.5, 0.5)  # the middle of the image
    results = transform(copy.deepcopy(plane))
    assert all(results[key].shape[:2] == SIZE for key in ["img", *MAPS])
    # 'keep': a lens of twice the focal length; 'tilt': the same camera as before
    assert_normals_follow_depth(results, lens * FOCAL, lens * FOCAL, 24, 18, degrees=0.8)
    np.testing.assert_allclose(
        results["gt_depth_map"] * results["gt_disparity_map"],
        np.where(np.isnan(results["gt_depth_map"]), np.nan, 1),
        rtol=1e-3,
    )


def test_scale_crop_refuses_scales_below_one():
    with pytest.raises(ValueError, match="at least 1"):
        MultiTaskRandomScaleCrop(scales=(0.5, 1.0))
    with pytest.raises(ValueError, match="'keep' or 'tilt'"):
        MultiTaskRandomScaleCrop(normals="turn")


@pytest.mark.parametrize("angle", [90.0, 25.0])
def test_rotation_turns_normals(plane, angle):
    results = MultiTaskRandomRotate(prob=1.0, degree=(angle, angle))(copy.deepcopy(plane))
    assert_normals_follow_depth(results, FOCAL, FOCAL, 24, 18, degrees=0.5)
    outside = results["valid_map"] == 0
    assert 0 < outside.sum() < outside.size
    assert np.isnan(results["gt_depth_map"][outside]).mean() > 0.9
    for key in ("gt_seg_map", "gt_saliency_map"):
        assert (results[key][outside] == 255).all()
    assert np.isnan(results["gt_curvature_map"][0, 0]).all()
    turned, before = results["gt_normal_map"][18, 24], plane["gt_normal_map"][18, 24]
    if angle == 90.0:  # counter-clockwise: what pointed right points up
        np.testing.assert_allclose(turned, [before[1], -before[0], before[2]], atol=1e-5)


def test_crop_and_pad(plane):
    np.random.seed(1)
    crop = MultiTaskRandomCrop(crop_size=(20, 30), cat_max_ratio=0.75)
    results = crop(copy.deepcopy(plane))
    assert all(results[key].shape[:2] == (20, 30) for key in ["img", *MAPS])
    assert results["img_shape"] == (20, 30)
    rows, columns = np.where((plane["img"] == results["img"][0, 0]).all(-1))
    places = [
        (r, c)
        for r, c in zip(rows, columns, strict=True)
        if np.array_equal(plane["img"][r : r + 20, c : c + 30], results["img"])
    ]
    row, column = places[0]
    for key in MAPS:
        np.testing.assert_array_equal(
            results[key], plane[key][row : row + 20, column : column + 30]
        )
    cut = {key: results[key].copy() for key in MAPS}
    padded = MultiTaskPad(size=(32, 24))(results)
    assert padded["img"].shape == (24, 32, 3) and padded["valid_map"].sum() == 600
    for key in MAPS:
        np.testing.assert_array_equal(padded[key][:20, :30], cut[key])
        added = padded[key][20:]
        assert (added == 255).all() if "seg" in key or "sal" in key else np.isnan(added).all()


def test_crop_without_labels(plane):
    for key in ("gt_seg_map", "gt_saliency_map"):
        del plane[key], plane["dense_fields"][key]
    plane["seg_fields"] = []
    results = MultiTaskRandomCrop(crop_size=10, cat_max_ratio=0.75)(plane)
    assert results["gt_depth_map"].shape == (10, 10)


@pytest.mark.parametrize("index", [0, 3])
def test_zoomed_room_equals_a_rendered_one(index):
    height, width, zoom = 48, 64, 2
    scene, camera = scene_and_camera("train", index, height, width, seed=0)
    wide = render_labels(scene, camera, height, width)
    close = render_labels(scene, camera.zoom(zoom), height, width)
    results = dict(
        img=np.zeros((height, width, 3), np.uint8),
        gt_depth_map=wide["depth"],
        gt_normal_map=wide["normal"],
        gt_seg_map=wide["label"],
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_depth_map="depth", gt_normal_map="normal", gt_seg_map="classes"),
    )
    transform = MultiTaskRandomScaleCrop(scales=(float(zoom),))
    transform._draw = lambda: (float(zoom), 0.5, 0.5)
    results = transform(results)
    # pixels next to another surface see a mixture; the rest must agree closely
    hit = trace(scene.shapes, camera.zoom(zoom), camera.zoom(zoom).rays(height, width))[1]
    inner = np.ones(hit.shape, bool)
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            inner &= np.roll(hit, (dy, dx), (0, 1)) == hit
            around = np.roll(close["normal"], (dy, dx), (0, 1))
            inner &= (around * close["normal"]).sum(-1) > 0.99
    inner[:3] = inner[-3:] = inner[:, :3] = inner[:, -3:] = False
    assert inner.mean() > 0.2
    error = np.abs(results["gt_depth_map"] * zoom / close["depth"] - 1)
    assert error[inner].max() < 0.01
    assert (results["gt_seg_map"] == close["label"])[inner].all()
    assert (results["gt_normal_map"] * close["normal"]).sum(-1)[inner].min() > 0.99
