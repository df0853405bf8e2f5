import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mmlhl.analysis.comparison import Comparison
from mmlhl.analysis.plot_style import COLOURS, HATCHES, LINES, MARKERS, looks
from mmlhl.analysis.sequence_plots import gain_bars, heat_map, task_curves
from mmlhl.evaluation import LifelongRecord


def sequence(method="HAD", seed=0, last=40.0):
    record = LifelongRecord(method, seed)
    record.add_phase("seg", ["seg"], "", 1, {"seg/mIoU": 50.0})
    record.add_phase("depth", ["depth"], "", 1, {"seg/mIoU": last, "depth/abs_err": 0.5})
    return record


def runs():
    result = [sequence(m, s, v + s) for m, v in (("naive", 10), ("HAD", 40)) for s in (0, 2)]
    joint = LifelongRecord("joint", 0)
    joint.add_phase("all", ["seg", "depth"], "", 1, {"seg/mIoU": 61.0, "depth/abs_err": 0.4})
    return [*result, joint]


def test_heat_map_has_values_changes_and_blanks():
    axes = heat_map(sequence(), title="HAD on rooms").axes[0]
    assert [t.get_text() for t in axes.texts] == ["50.00", "40.00\n-20 %", "0.5000"]
    np.testing.assert_allclose(axes.images[0].get_array().filled(np.nan), [[0, -20], [np.nan, 0]])
    assert axes.images[0].get_clim() == (-50, 50)
    assert len(axes.patches) == 1 and axes.patches[0].get_xy() == (-0.5, 0.5)
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        "seg mIoU [%] ↑",
        "depth abs_err [m] ↓",
    ]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["1\nseg", "2\ndepth"]
    assert axes.get_title() == "HAD on rooms"


def test_heat_map_of_lost_and_zero_values(tmp_path):
    record = sequence(last=float("nan"))
    record.metrics["depth"]["abs_err"]["values"] = [0.0, 0.5]
    figure = heat_map(record)
    assert [t.get_text() for t in figure.axes[0].texts] == ["50.00", "-", "0.0000", "0.5000"]
    figure.savefig(tmp_path / "x.png")


def test_heat_map_text_is_readable_on_its_colour():
    axes = heat_map(sequence(last=1.0)).axes[0]
    for text, value in zip(axes.texts[:2], (0, -98), strict=True):
        image = axes.images[0]
        background = np.dot(image.cmap(image.norm(value))[:3], [0.3, 0.6, 0.1])
        assert abs(background - np.mean(to_rgb(text.get_color()))) > 0.5


def test_curves_have_one_line_per_method_with_means_and_whiskers():
    (group,) = Comparison(runs()).groups
    figure = task_curves(group)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == ["seg mIoU [%] ↑", "depth abs_err [m] ↓"]
    naive, had = panels[0].containers
    np.testing.assert_allclose(had.lines[0].get_ydata(orig=False), [50, 41])
    np.testing.assert_allclose(naive.lines[0].get_ydata(orig=False), [50, 11])
    whiskers = had.lines[2][0].get_segments()[1]
    np.testing.assert_allclose(np.asarray(whiskers, float)[:, 1], [41 - 2**0.5, 41 + 2**0.5])
    # Depth has values from phase two on.
    assert panels[1].containers[1].lines[0].get_ydata(orig=False).tolist() == [0.5]
    assert round(float(panels[1].containers[1].lines[0].get_xdata(orig=False)[0])) == 1
    (joint,) = [line for line in panels[0].lines if line.get_label() == "joint"]
    assert set(joint.get_ydata()) == {61.0}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["naive", "HAD", "joint"]


def test_bars_are_sorted_and_labelled_with_values():
    comparison = Comparison(runs())
    figure = gain_bars(comparison, comparison.groups[0])
    gain, place = figure.axes
    assert [t.get_text() for t in gain.get_yticklabels()] == ["naive", "HAD", "joint"]
    # mIoU 41 and 61 against 11, halved as depth is equal, or 0.4 against 0.5.
    expected = [0, 50 * 30 / 11, 50 * (50 / 11 + 0.2)]
    np.testing.assert_allclose([p.get_width() for p in gain.patches], expected, atol=1e-9)
    assert [t.get_text() for t in gain.texts] == [f"{v:.1f}" for v in expected]
    # Position: 60 % in mIoU, 0 in depth.
    np.testing.assert_allclose([p.get_width() for p in place.patches], [0, 30, 100], atol=1e-9)
    assert len({p.get_hatch() for p in gain.patches}) == 3


def test_bars_need_naive_runs_and_survive_a_collapse(tmp_path):
    with pytest.raises(ValueError, match="seg → depth need runs of naive"):
        gain_bars(*(lambda c: (c, c.groups[0]))(Comparison([sequence()])))
    comparison = Comparison([sequence(), sequence("naive", last=0.0)])
    figure = gain_bars(comparison, comparison.groups[0])
    assert "not defined" in [t.get_text() for t in figure.axes[0].texts]
    figure.savefig(tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").stat().st_size > 1000


def test_looks_differ_in_more_than_colour():
    styles = looks([f"method {i}" for i in range(20)])
    assert len(set(styles.values())) == 20
    first = list(styles.values())[:7]
    for name in ("colour", "marker", "hatch"):
        assert len({getattr(look, name) for look in first}) == 7
    assert len({len(x) for x in (COLOURS, MARKERS)}) == 2 and len(LINES) == 4 and len(HATCHES) == 8


def test_curves_of_metrics_that_only_a_later_run_has():
    had = sequence()
    had.metrics["seg"]["aAcc"] = dict(higher_is_better=True, values=[80.0, 70.0])
    (group,) = Comparison([sequence("naive"), had]).groups
    figure = task_curves(group)
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert titles == ["seg mIoU [%] ↑", "seg aAcc [%] ↑", "depth abs_err [m] ↓"]
    figure.canvas.draw()
