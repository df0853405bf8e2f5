"""One row per task, one column per phase, and empty cells before a task was learned."""

import dataclasses

import numpy as np
import pytest

from mmlhl.visualization import sequence_grid as module
from mmlhl.visualization.lettering import PAPER
from mmlhl.visualization.sequence_grid import GAP, GridRow, sequence_grid


def test_cells_are_at_their_row_and_column():
    image = np.full((8, 16, 3), 50, np.uint8)
    palette = np.uint8([[255, 0, 0], [0, 0, 255]])
    zeros, ones = np.zeros((1, 8, 16), int), np.ones((1, 8, 16), int)
    rows = [
        GridRow("seg", "classes", zeros, {"1 seg": zeros, "2 depth": ones}, palette),
        GridRow("depth", "depth", np.linspace(1, 2, 128).reshape(1, 8, 16), {"2 depth": ones}),
    ]
    drawn = sequence_grid(image, ["1 seg", "2 depth"], rows, width=64)
    step = 64 + GAP
    assert drawn.shape[1] == 4 * step - GAP
    height = (drawn.shape[0] - GAP) // 2
    middle = [
        [drawn[row * (height + GAP) + height - 10, 32 + column * step] for column in range(4)]
        for row in range(2)
    ]
    assert (middle[0][0] == 50).all()
    assert middle[0][1].tolist() == middle[0][2].tolist() == [255, 0, 0]
    assert middle[0][3].tolist() == [0, 0, 255]
    assert (middle[1][0] == PAPER).all() and (middle[1][2] == PAPER).all()
    assert (middle[1][3] != PAPER).any()


@pytest.mark.parametrize("with_truth", [True, False])
def test_the_first_caption_of_a_row_names_range_and_unit(monkeypatch, with_truth):
    captions = []
    plain = module.captioned
    monkeypatch.setattr(
        module,
        "captioned",
        lambda cell, caption: captions.append(caption) or plain(cell, caption),
    )
    image = np.full((8, 16, 3), 50, np.uint8)
    depth = np.linspace(1, 2, 128).reshape(1, 8, 16)
    flow = np.concatenate([depth, -depth])
    rows = [
        GridRow("depth", "depth", depth, {"1 a": depth, "2 b": depth}, unit="m"),
        GridRow("flow", "channels", flow, {"2 b": flow}, unit="px"),
        GridRow("seg", "classes", np.zeros((1, 8, 16), int), {"2 b": np.zeros((1, 8, 16), int)}),
    ]
    if not with_truth:
        rows = [dataclasses.replace(row, truth=None) for row in rows]
    sequence_grid(image, ["1 a", "2 b"], rows, width=64)
    if with_truth:
        expected = ["depth truth 1.01 to 1.99 m", "after 1 a", "after 2 b"]
        expected += ["flow truth 0 to 1e-06 px (mean)", "after 2 b", "seg truth", "after 2 b"]
    else:
        expected = ["after 1 a 1.01 to 1.99 m", "after 2 b"]
        expected += ["after 2 b 0 to 1e-06 px (mean)", "after 2 b"]
    assert [c for c in captions if c not in ("", "image")] == expected


def test_without_a_truth_its_cell_is_empty():
    image = np.full((8, 16, 3), 50, np.uint8)
    maps = {"1 depth": np.linspace(1, 2, 128).reshape(1, 8, 16)}
    drawn = sequence_grid(image, ["1 depth"], [GridRow("depth", "depth", None, maps)], width=64)
    truth, predicted = (drawn[:, place : place + 64] for place in (64 + GAP, 2 * (64 + GAP)))
    assert (truth == PAPER).all()
    assert len(np.unique(predicted[-20:].reshape(-1, 3), axis=0)) > 9  # its own range of colours
