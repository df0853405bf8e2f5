"""Curves of logs: the position of each value, and the choice of curves."""

import importlib.util
import json
from pathlib import Path

import pytest

from mmlhl.analysis.log_curves import choose_keys, draw, read_lines, read_run
from mmlhl.evaluation import LifelongRecord

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "analyze_logs.py"


def write(folder, *lines, more=""):
    file = folder / "vis_data" / "scalars.json"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(map(json.dumps, lines)) + f"\n{more}")
    return file


def train(step, loss):
    return {"loss": loss, "lr": 0.1, "epoch": 1, "iter": step, "step": step}


@pytest.fixture
def sequence(tmp_path):
    work_dir = tmp_path / "had"
    seg, depth = work_dir / "phase_1_seg", work_dir / "phase_2_depth"
    write(seg / "20260101_0", train(10, 4.0), train(20, 3.0), {"seg/mIoU": 30.0, "step": 1})
    write(seg / "20260102_0", train(20, 2.5), train(30, 2.0), more='{"loss": 7')
    write(depth / "20260103_0", train(10, 1.0), train(40, 0.5))
    record = LifelongRecord("HAD", seed=0)
    record.add_phase("seg", ["seg"], None, 1.0, {"seg/mIoU": 50.0})
    record.add_phase("depth", ["depth"], None, 1.0, {"seg/mIoU": 40.0, "depth/abs_err": 0.5})
    record.save(work_dir / "lifelong.json")
    return work_dir


def test_a_sequence_is_one_axis_with_the_metrics_of_its_record(sequence):
    run = read_run(sequence)
    assert run.phases == [("seg", 0), ("depth", 30)]
    # the restart from 20 on replaces what was logged there, and the validation with it
    assert run.curves["loss"] == {10: 4.0, 20: 2.5, 30: 2.0, 40: 1.0, 70: 0.5}
    assert run.curves["seg/mIoU"] == {30: 50.0, 70: 40.0}
    assert run.curves["depth/abs_err"] == {70: 0.5}
    assert "step" not in run.curves and "epoch" not in run.curves


def test_phases_of_one_name_and_steps_that_were_not_logged(tmp_path):
    for number in (1, 2):
        write(tmp_path / f"phase_{number}_same" / "20260101_0", train(10, 4.0), train(20, 3.0))
    record = LifelongRecord("HAD", seed=0)
    record.add_phase("same", ["seg"], None, 1.0, {"seg/mIoU": 50.0}, steps=25)
    record.add_phase("same", ["depth"], None, 1.0, {"seg/mIoU": 40.0}, steps=25)
    record.save(tmp_path / "lifelong.json")
    run = read_run(tmp_path)
    assert run.phases == [("same", 0), ("same", 25)]
    assert run.curves["seg/mIoU"] == {25: 50.0, 50: 40.0}
    assert list(run.curves["loss"]) == [10, 20, 35, 45]


def test_validation_is_placed_at_the_iteration_before_it(tmp_path):
    file = write(tmp_path / "a", train(25, 1.0), {"seg/mIoU": 10.0, "step": 1}, train(50, 0.5))
    assert read_lines([file])[25] == {"loss": 1.0, "lr": 0.1, "seg/mIoU": 10.0}
    assert read_run(tmp_path).curves == read_run(file).curves
    assert read_run(tmp_path).phases == []


def test_keys(sequence):
    runs = [read_run(sequence)]
    assert choose_keys(runs, None) == ["seg/mIoU", "depth/abs_err"]
    assert choose_keys(runs, ["mIoU", "loss", "seg/mIoU"]) == ["seg/mIoU", "loss"]
    with pytest.raises(ValueError, match="'seg/miou'; did you mean 'seg/mIoU'"):
        choose_keys(runs, ["seg/miou"])
    with pytest.raises(ValueError, match="'mIou'; did you mean 'mIoU'"):
        choose_keys(runs, ["mIou"])


def test_figure_contains_the_curves(sequence):
    run = read_run(sequence)
    loss, metric = draw([run], ["loss", "seg/mIoU"]).axes
    assert loss.lines[0].get_xydata().tolist()[-1] == [70, 0.5]
    assert metric.lines[0].get_xydata().tolist() == [[30, 50], [70, 40]]
    assert [text.get_text() for text in loss.texts] == ["seg", "depth"]
    other = read_run(sequence)
    other.name, other.units["depth/abs_err"] = "other", "px"
    panels = draw([run, other], ["loss", "seg/mIoU", "depth/abs_err"]).axes
    named = ["loss", "seg/mIoU [%]", "depth/abs_err [m, px]"]
    assert [axes.get_ylabel() for axes in panels] == named


def test_command(sequence, tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("analyze_logs", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    out = tmp_path / "deep" / "curves.svg"
    options = ["--legend", "a", "b", "--title", "both", "--out", str(out)]
    tool.main([str(sequence), str(sequence), "--keys", "mIoU", *options])
    assert out.read_text().rstrip().endswith("</svg>")
    assert "seg/mIoU" in capsys.readouterr().out
    for logs, extra, message in (
        ([tmp_path / "nothing"], [], "no file or folder"),
        ([sequence], ["--keys", "depth/rmse"], "nothing was logged as 'depth/rmse'"),
    ):
        with pytest.raises((OSError, ValueError), match=message):
            tool.main([*map(str, logs), *extra, "--out", str(out)])
