import json

import numpy as np
import pytest

from mmlhl.analysis.training_curves import loss_curves, read_losses, running_mean


def write(folder, lines, more=""):
    folder = folder / "vis_data"
    folder.mkdir(parents=True)
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "scalars.json").write_text(f"{text}\n{more}")


def line(step, **losses):
    losses = {name.replace("__", "."): value for name, value in losses.items()}
    return dict(loss=sum(losses.values()), lr=0.1, time=0.2, iter=step, step=step, **losses)


@pytest.fixture
def work_dir(tmp_path):
    seg, depth = tmp_path / "phase_1_seg", tmp_path / "phase_2_depth"
    # Started, killed while it wrote a line, resumed from iteration 20.
    first = [line(10, seg__loss_ce=4.0), line(20, seg__loss_ce=3.0), line(30, seg__loss_ce=9.0)]
    write(seg / "20260101_000000", first, more='{"loss": 7')
    resumed = [line(30, seg__loss_ce=2.0), line(40, seg__loss_ce=1.0), {"seg/mIoU": 3, "step": 40}]
    resumed[0]["acc_seg"] = 50.0
    write(seg / "20260102_000000", resumed)
    # Started again with another interval.
    write(depth / "20260101_000000", [line(10, depth__loss_l1=8.0)])
    write(
        depth / "20260103_000000",
        [line(25, depth__loss_l1=2.0, seg__loss_had_db=1.0), line(50, depth__loss_l1=1.5)],
    )
    (tmp_path / "phase_10_edge").mkdir()
    return tmp_path


def test_reads_phases_in_order_over_restarts(work_dir):
    seg, depth = read_losses(work_dir)
    assert (seg.name, depth.name) == ("seg", "depth")
    assert seg.steps.tolist() == [10, 20, 30, 40]
    assert {k: v.tolist() for k, v in seg.losses.items()} == {
        "loss": [4, 3, 2, 1],
        "seg.loss_ce": [4, 3, 2, 1],
    }
    assert depth.steps.tolist() == [25, 50]
    np.testing.assert_array_equal(depth.losses["seg.loss_had_db"], [1, np.nan])


def test_the_tenth_phase_comes_last(work_dir):
    write(work_dir / "phase_10_edge" / "20260101_000000", [line(1, edge__loss_l1=1.0)])
    assert [log.name for log in read_losses(work_dir)] == ["seg", "depth", "edge"]


def test_draws_one_panel_per_task_over_the_sequence(work_dir):
    figure = loss_curves(read_losses(work_dir), log_scale=True)
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    assert list(panels) == ["total", "seg", "depth"]
    assert panels["seg"].get_yscale() == "log"
    drawn = {
        name: [line.get_xydata().tolist() for line in axes.lines if len(line.get_xdata()) != 2]
        for name, axes in panels.items()
    }
    assert drawn["seg"][0] == [[10, 4], [20, 3], [30, 2], [40, 1]]
    (l1,) = [x for x in panels["depth"].lines if x.get_label() == "loss_l1"]
    # The second phase starts where the first has ended.
    assert l1.get_xydata().tolist() == [[65, 2], [90, 1.5]]
    labels = [text.get_text() for text in panels["seg"].get_legend().get_texts()]
    assert labels == ["loss_ce", "loss_had_db"]
    assert [text.get_text() for text in panels["total"].texts] == ["seg", "depth"]


def test_running_mean():
    values = np.array([1.0, 3.0, np.nan, 5.0, 7.0])
    np.testing.assert_allclose(running_mean(values, 2), [1, 2, 3, 5, 6])
    np.testing.assert_allclose(running_mean(values, 1), values)
    np.testing.assert_allclose(running_mean(values, 9), [1, 2, 2, 3, 4])


def test_nothing_logged(tmp_path):
    (tmp_path / "phase_1_seg").mkdir()
    with pytest.raises(FileNotFoundError, match="LocalVisBackend"):
        read_losses(tmp_path)
