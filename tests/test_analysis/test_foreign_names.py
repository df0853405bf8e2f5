"""Names from another person's record or folder, in plots and reports."""

import pytest

from mmlhl.analysis.plot_style import new_figure, plain_texts, save_figure
from mmlhl.analysis.report.work_dir import config_file, phase_config_of
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
