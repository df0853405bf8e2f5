"""Names from another person's record or folder, in plots and reports."""

import csv
import io

import numpy as np
import pytest

from mmlhl.analysis.derived import MOST_METRICS, choose
from mmlhl.analysis.formats import to_csv, to_latex, to_markdown
from mmlhl.analysis.log_curves import RunLog, choose_keys, draw
from mmlhl.analysis.plot_style import new_figure, plain_texts, save_figure
from mmlhl.analysis.report.work_dir import config_file, phase_config_of
from mmlhl.analysis.seeds import over_seeds
from mmlhl.analysis.sheet import Column, Sheet
from mmlhl.analysis.training_curves import PhaseLog, loss_curves
from mmlhl.evaluation import LifelongRecord


@pytest.mark.parametrize("name", ["$\\frac{$", "a$b$", "$$", "\\$x$", "$\\write18{ls}$"])
def test_dollars_are_no_formulas(tmp_path, name):
    figure = new_figure(3, 2)
    axes = figure.subplots()
    axes.plot([1, 10], [1, 1000], label=name)
    axes.set_yscale("log")
    axes.set_title(name)
    axes.set_xticks([1, 10], labels=[name, "b"])
    axes.legend()
    save_figure(figure, tmp_path / "a.png")
    assert axes.title.get_text() == name and not axes.title.get_parse_math()
    numbers = [label for label in axes.get_yticklabels() if "math" in label.get_text()]
    plain_texts(figure)
    assert numbers and all(label.get_parse_math() for label in numbers)


def test_a_report_shows_no_file_outside_of_the_run(tmp_path):
    secret, run = tmp_path / "secret.txt", tmp_path / "run"
    secret.write_text("password = 'x'\n")
    folder = run / "phase_1_seg"
    folder.mkdir(parents=True)
    record = LifelongRecord("Naive", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 1.0, {"seg/mIoU": 50.0})
    record.save(run / "lifelong.json")
    record = LifelongRecord.load(run / "lifelong.json")
    (folder / "z.py").symlink_to(secret)
    assert config_file(record, 0) is phase_config_of(record, 0) is None
    (folder / "a.py").write_text("x = 1\n")
    assert phase_config_of(record, 0) == dict(x=1)
    (run / "moved").symlink_to(tmp_path)  # the run itself may be reached by a link
    (tmp_path / "link").symlink_to(run)
    record = LifelongRecord.load(tmp_path / "link" / "lifelong.json")
    assert phase_config_of(record, 0) == dict(x=1)


def sheet_of(name):
    column = Column(name, name, unit=name)
    rows = [(name, [over_seeds([1.0])]), ("b", ["-"]), ("c", [name])]
    return Sheet("final", name, [column], rows, notes=[f"{name}: of one run."])


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "[a](javascript:alert(1))"])
def test_names_are_no_markup_anywhere_in_a_table(name):
    text = to_markdown(sheet_of(name))
    assert "<img" not in text and "](" not in text and "of one run." in text


def test_a_note_stays_a_comment_in_latex():
    text = to_latex(sheet_of("a\n\\input{/etc/passwd}"))
    notes = text[text.index(r"\end{tabular}") :].splitlines()[1:-1]
    assert len(notes) == 1 and notes[0].startswith("  % a ")


@pytest.mark.parametrize("name", ["=1+1", "+1+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t=1"])
def test_names_are_no_formulas_of_a_spreadsheet(name):
    lines = list(csv.DictReader(io.StringIO(to_csv([sheet_of(name)]))))
    for line in lines:
        assert not {text[:1] for text in line.values()} & set("=+-@\t\r")
    assert lines[0]["row"] == lines[2]["text"] == f"'{name}" and lines[0]["mean"] == "1.0"
    assert lines[1]["row"] == "b" and lines[1]["text"] == ""


def test_no_record_or_log_is_drawn_for_minutes():
    record = LifelongRecord("Naive", 0)
    values = {f"t{i}/mIoU": 1.0 for i in range(MOST_METRICS + 1)}
    record.add_phase("seg", [f"t{i}" for i in range(MOST_METRICS + 1)], "a.pth", 1.0, values)
    with pytest.raises(ValueError, match="Naive has 201 such metrics, and at most 200 .*--metrics"):
        choose(record)
    assert len(choose(record, ["none"])) == 0
    run = RunLog("a", {f"{i}/m": {1: 1.0} for i in range(61)})
    with pytest.raises(ValueError, match="61 values were logged: choose up to 60 by keys"):
        choose_keys([run], None)
    with pytest.raises(ValueError, match="61 curves of their own"):
        draw([run], list(run.curves))
    losses = {f"{i}.loss": np.ones(1) for i in range(61)}
    with pytest.raises(ValueError, match="61 curves of their own"):
        loss_curves([PhaseLog("a", np.ones(1), losses)])
