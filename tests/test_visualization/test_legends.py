"""Legends of a panel's colours."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmlhl.visualization import MultiTaskVisualizer
from mmlhl.visualization.legends import (
    SPHERE,
    averaged,
    class_legend,
    classes_in,
    colour_bar,
    footer,
    full_palette,
    normal_sphere,
    numbers,
)
from mmlhl.visualization.map_colours import colour_map

LINE = 15


def test_the_bar_has_the_colours_of_the_map():
    bar = colour_bar("depth", "depth", (1.0, 5.0), "m", 200)
    for value, column in ((1.0, 2), (3.0, 99), (5.0, 197)):
        expected = colour_map("depth", np.full((1, 1, 1), value, np.float32), limits=(1.0, 5.0))
        assert np.abs(bar[LINE + 3, column].astype(int) - expected[0, 0]).max() <= 3
    signed = colour_bar("channels", "curvature", (-0.5, 0.5), "", 200)[LINE + 3, 2:198, 0]
    np.testing.assert_allclose(signed, np.linspace(0, 255, 196), atol=1)
    assert [colour_bar("depth", "d", (1, 5), "m", width).shape[1] for width in (1, 3)] == [1, 3]
    zero = colour_bar("depth", "depth", (0.0, 5.0), "m", 200)  # 0 is not an unmeasured depth here
    assert (zero[LINE + 3, 2] == colour_map("depth", np.full((1, 1, 1), 1e-6))[0, 0]).all()
    assert numbers((0.5, 4.75), "m") == "0.5 to 4.75 m" and numbers((0, 1), "") == "0 to 1"


def test_the_bar_says_that_several_channels_are_averaged():
    one, three = np.zeros((1, 4, 4)), np.zeros((3, 4, 4))
    assert averaged("channels", [three]) == "mean of 3 channels"
    assert averaged("channels", [one]) == averaged("channels", []) == averaged("depth", [one]) == ""
    bars = [colour_bar("channels", "flow", (0, 1), "px", 300, [m]) for m in (one, three)]
    assert (bars[0] == colour_bar("channels", "flow", (0, 1), "px", 300)).all()
    assert (bars[1][:LINE] != bars[0][:LINE]).any() and (bars[1][LINE:] == bars[0][LINE:]).all()


def test_sphere_shows_normals_that_face_the_camera():
    ball = normal_sphere("normal", 200)[LINE : LINE + SPHERE, 2 : 2 + SPHERE].astype(int)
    middle = SPHERE // 2
    assert np.abs(ball[middle, middle] - [128, 128, 255]).max() <= 4
    assert ball[middle, -2, 0] > 230 and ball[middle, 1, 0] < 30  # right is red
    assert ball[1, middle, 1] > 230 and ball[-2, middle, 1] < 30  # up is green
    assert (ball[0, 0] == 255).all()  # background around it


def test_the_legend_names_the_classes_that_occur():
    maps = [np.array([[[1, 1, 255]]]), np.array([[[0, 1, 4]]])]
    assert classes_in(maps) == [1, 0, 4]
    palette = np.array([[255, 0, 0], [0, 0, 255]])
    legend = class_legend("rooms", [1, 0, 4], ("wall", "floor"), palette, 160)
    assert legend.shape == (LINE + 3 * LINE + 6, 160, 3)
    colours = [legend[LINE + 4 + row * LINE + 5, 11].tolist() for row in range(3)]
    assert colours[:2] == [[0, 0, 255], [255, 0, 0]]
    assert colours[2] == full_palette(palette, 5)[4].tolist()
    assert full_palette(None, 3).shape == (3, 3) and len(full_palette(palette, 1)) == 2


def test_legends_are_arranged_in_rows():
    keys = [np.zeros((height, 60, 3), np.uint8) for height in (10, 20, 30)]
    strip = footer(keys, 130, 5)
    assert strip.shape == (20 + 5 + 30 + 5, 130, 3)
    assert (strip[5:15, :60] == 0).all() and (strip[5:25, 65:125] == 0).all()
    assert (strip[30:60, :60] == 0).all() and footer([], 130, 5).shape == (0, 130, 3)


@pytest.fixture
def sample():
    maps = dict(
        pred_sem_seg=torch.ones(1, 8, 12, dtype=torch.int64),
        pred_depth_map=torch.linspace(1, 5, 96).view(1, 8, 12),
        pred_parts=torch.zeros(1, 8, 12, dtype=torch.int64),
    )
    sample = SegDataSample()
    sample.set_data({key: PixelData(data=data) for key, data in maps.items()})
    return sample


IMAGE = np.zeros((8, 12, 3), np.uint8)


def test_legends_without_ground_truth_and_units_of_the_data_set(sample, monkeypatch):
    written = []
    for module in ("legends", "lettering"):
        monkeypatch.setattr(
            f"mmlhl.visualization.{module}.write", lambda canvas, text, place: written.append(text)
        )
    visualizer = MultiTaskVisualizer(cell_width=320, kinds=dict(parts="classes"))
    visualizer.dataset_meta = dict(
        classes=("wall", "floor"), parts_classes=("head",), depth_map_unit="px"
    )
    visualizer.panel(IMAGE, sample)
    assert {"floor", "head", "depth [px]"} <= set(written) and "wall" not in written
    assert any(text.startswith("depth prediction ") and text.endswith(" px") for text in written)
    written.clear()
    visualizer.dataset_meta = None
    visualizer.panel(IMAGE, sample, with_labels=False)
    assert "depth [m]" in written and "class 1" not in written


def test_a_range_shared_by_several_pictures(sample):
    visualizer = MultiTaskVisualizer(cell_width=12, limits=dict(depth_map=(0, 100)))
    dark = colour_map("depth", np.full((1, 1, 1), 1.0), limits=(0, 100))[0, 0].astype(int)
    panel = visualizer.panel(IMAGE, sample)
    cells = [panel[18:26, x : x + 12] for x in (0, 18)] + [panel[50:58, 0:12]]
    assert any(np.abs(cell[0, 0].astype(int) - dark).max() <= 3 for cell in cells)
    with pytest.raises(ValueError, match=r"limits\['depth_map'\].*\(5, 1\)"):
        MultiTaskVisualizer(limits=dict(depth_map=(5, 1)))
