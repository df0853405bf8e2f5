import matplotlib
import numpy as np
import pytest

from mmlhl.visualization.map_colours import (
    checkerboard,
    colour_map,
    default_palette,
    fit_width,
    guess_kind,
    valid_pixels,
    value_range,
)

NAN = float("nan")


def grid(*rows, dtype=np.float32):
    return np.array([rows], dtype)


def test_kinds_are_guessed_from_name_and_type():
    ints = grid([0, 3, 255], dtype=np.int64)
    assert guess_kind("sem_seg", ints) == "classes" and guess_kind("depth_map", ints) == "depth"
    assert guess_kind("human_parts", ints) == "classes"
    assert guess_kind("saliency_map", grid([0, 1, 255], dtype=np.int64)) == "binary"
    assert guess_kind("edge_map", grid([0.5])) == "channels"
    assert guess_kind("normals", np.zeros((3, 1, 1))) == "normal"
    assert guess_kind("disparity", grid([0.5])) == "depth"


def test_classes_use_the_palette_and_void_is_a_checkerboard():
    palette = [[255, 0, 0], [0, 255, 0]]
    image = colour_map("classes", grid([0, 1], [255, 2], dtype=np.int64), palette)
    assert image[0].tolist() == palette
    board = checkerboard((2, 2))
    assert image[1, 0].tolist() == board[1, 0].tolist()
    # A class beyond the palette gets its own colour.
    assert image[1, 1].tolist() == default_palette(3)[2].tolist()
    assert colour_map("classes", grid([255], dtype=np.int64)).shape == (1, 1, 3)


def test_palette_colours_differ():
    assert len({tuple(colour) for colour in default_palette(60)}) == 60


def test_depth_is_viridis_on_the_given_scale():
    image = colour_map("depth", grid([1, 3, 9], [0, NAN, -1]), limits=(1, 3))
    ends = [
        (np.array(matplotlib.colormaps["viridis"](i)[:3]) * 255).round().tolist() for i in (0, 255)
    ]
    assert image[0].tolist() == [ends[0], ends[1], ends[1]]
    assert (image[1] == checkerboard((2, 3))[1]).all()


def test_normals_are_in_the_usual_colours():
    right, up, to_camera, missing = [1, 0, 0], [0, -2, 0], [0, 0, -1], [0, 0, 0]
    data = np.array([right, up, to_camera, missing], np.float32).T[:, None]
    image = colour_map("normal", data)
    assert image[0, :3].tolist() == [[255, 128, 128], [128, 255, 128], [128, 128, 255]]
    assert (image[0, 3] == checkerboard((1, 4))[0, 3]).all()


def test_channels_and_binary_maps_are_grey():
    channels = np.array([[[0.0, 1.0]], [[1.0, 1.0]]], np.float32)
    assert colour_map("channels", channels, limits=(0, 1))[0].tolist() == [[128] * 3, [255] * 3]
    image = colour_map("binary", grid([0, 1, 255], dtype=np.int64))
    assert image[0, :2].tolist() == [[0] * 3, [255] * 3]
    assert (image[0, 2] == checkerboard((1, 3))[0, 2]).all()
    with pytest.raises(ValueError, match="'colour'"):
        colour_map("colour", channels)


def test_the_first_map_with_values_sets_the_range():
    truth, pred = grid([1.0, 2.0, NAN, 0.0]), grid([5.0, 9.0, 7.0, 7.0])
    low, high = value_range("depth", [truth, pred])
    assert 1 <= low < 1.02 and 1.98 < high <= 2
    low, high = value_range("depth", [grid([NAN, 0.0]), pred])
    assert 5 <= low < 5.1 and 8.9 < high <= 9
    assert value_range("depth", [grid([NAN])]) == (0, 1)
    assert value_range("binary", [pred]) == (0, 1)
    for value in (3.0, -1e12):  # above 1e10 a step of 1e-6 is lost
        low, high = value_range("channels", [grid([value])])
        assert high > low == np.float32(value)


def test_known_follows_the_mask_convention():
    assert valid_pixels("classes", grid([0, 255], dtype=np.int64)).tolist() == [[True, False]]
    assert valid_pixels("depth", grid([1, 0, NAN])).tolist() == [[True, False, False]]
    assert valid_pixels("channels", grid([1, 0, NAN])).tolist() == [[True, True, False]]
    normals = np.array([[[1, 0, NAN]], [[0, 0, 0]], [[-1, 0, 0]]], np.float32)
    assert valid_pixels("normal", normals).tolist() == [[True, False, False]]


def test_fit_width_keeps_the_shape_and_hard_edges():
    image = np.zeros((2, 4, 3), np.uint8)
    image[:, 2:] = 200
    big = fit_width(image, 40, smooth=False)
    assert big.shape == (20, 40, 3) and set(np.unique(big)) == {0, 200}
    assert len(np.unique(fit_width(image, 40, smooth=True))) > 2
