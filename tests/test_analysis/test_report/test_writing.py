"""Which runs a report accepts and which it refuses."""

import pytest

from mmlhl.analysis.report import report_after_training, write_report
from mmlhl.analysis.report.document import Table
from mmlhl.analysis.report.run_sections import run_names
from mmlhl.analysis.report.writing import make_document
from mmlhl.evaluation import LifelongRecord

from ..samples import field_of_runs, record


@pytest.fixture
def save(tmp_path):
    """Write a record into a folder and give the folder."""

    def write(name, run):
        run.save(tmp_path / name / "lifelong.json")
        return str(tmp_path / name)

    return write


@pytest.fixture
def drawn(monkeypatch):
    """Do not draw pictures, which take most of the time and are not tested here."""
    from mmlhl.analysis.report.document import Picture

    def nothing(draw, alt, caption):
        return Picture(b"", "image/png", 1, 1, alt, caption)

    for module in ("result_sections", "run_sections"):
        monkeypatch.setattr(f"mmlhl.analysis.report.{module}.plot", nothing)


def test_a_naive_run_of_any_label_is_the_reference(save, tmp_path, drawn):
    had = save("had", record("HAD"))
    base = save("base", record("Finetuning", 0, (50, 20), (80, 50), (None, 1.0)))
    _, markdown = write_report([had, base], tmp_path / "r.html", naive=base)
    text = markdown.read_text()
    assert "+45.00" in text.replace("**", "")
    assert text.count("| Finetuning |") == 1  # given twice, it is one run
    assert "no run of naive training" not in text.lower()


def test_runs_of_the_same_label_are_named_by_their_folders(tmp_path):
    runs = [record("HAD") for _ in range(4)] + [record("LwF")]
    for run, folder in zip(runs, ("a", "b", "c/b", "d", "e"), strict=True):
        run.path = tmp_path / folder / "lifelong.json"
    names = [f"HAD, seed 0 ({which})" for which in ("a", 2, 3, "d")]
    assert run_names(runs) == [*names, "LwF, seed 0"]


def test_report_states_that_naive_training_is_missing(save, tmp_path, drawn):
    _, markdown = write_report([save("had", record())], tmp_path / "r.html")
    assert "No run of naive training" in markdown.read_text()
    assert "No test images were predicted for this page" in markdown.read_text()


def test_run_without_metrics_is_reported(save, tmp_path, drawn):
    run = LifelongRecord("HAD", 0)
    run.add_phase("seg", ["seg"], None, 60, {})
    _, markdown = write_report([save("had", run)], tmp_path / "r.html")
    text = markdown.read_text()
    assert "No metric was recorded" in text
    assert "| HAD, seed 0 | 1 seg | 1.0 | 0 |" in text
    assert "Peak memory is not recorded" in text


def test_joint_and_single_training_are_compared_with_a_sequence(drawn):
    titles = [section.title for section in make_document(field_of_runs()).sections]
    assert titles == ["What was run", "Results: seg → depth", "Time and memory", "Environment"]


def test_refusals_name_the_file_and_write_nothing(save, tmp_path):
    had, out = save("had", record()), tmp_path / "out" / "r.html"
    other = record("naive")
    other.phases.reverse()
    empty = save("empty", LifelongRecord("HAD", 0))
    for arguments, message in (
        (([str(tmp_path / "no")], out), "no record at .*no"),
        (([had], out.with_suffix(".txt")), "must end in .html.*r.txt"),
        (([had], out, None, -1), "strips must be a whole number from 0, got -1"),
        (([had], out, save("other", other)), "learned depth → seg, but .* learned seg → depth"),
        (([empty], out), "empty/lifelong.json has no finished phase yet"),
        (([had, save("twin", record())], out), "LABEL=PATH"),
        (([had], out, None, 0, None, "most"), "'most'"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            write_report(*arguments)
    assert not out.parent.exists()


@pytest.mark.parametrize("name", ["r.html", "r.md"])
def test_only_reports_are_replaced(name, save, tmp_path, drawn):
    had, foreign = save("had", record()), tmp_path / name
    for notes in ("my notes", "# Notes\n\n2 thoughts of mine\n", "<footer>mine</footer>"):
        foreign.write_text(notes)
        with pytest.raises(ValueError, match=f"{name} is no report and would be replaced"):
            write_report([had], tmp_path / "r.html")
        assert foreign.read_text() == notes
        assert [path.name for path in tmp_path.glob("r.*")] == [name]
    foreign.write_text("")  # of a temporary file
    for _ in range(2):
        pages = write_report([had], tmp_path / "r.html", title=f"1 *title* | {name}")
        assert all("1 " in page.read_text() for page in pages)


def test_failed_report_after_training_is_only_logged(save, tmp_path, monkeypatch):
    messages = []
    log = "mmlhl.analysis.report.writing.print_log"
    monkeypatch.setattr(log, lambda text, *_: messages.append(text))
    report_after_training(tmp_path / "nothing")
    assert "no report was written: FileNotFoundError: There is no record" in messages[0]
    assert not (tmp_path / "nothing").exists()
    report_after_training(save("had", record()))
    assert sorted(path.name for path in (tmp_path / "had").iterdir()) == [
        *("lifelong.json", "report.html", "report.md")
    ]


def test_the_heading_lists_few_labels(drawn):
    runs = [record(label) for label in ("HAD", "LwF", "EWC", "SPG", "SGP")]
    assert make_document(runs[:4]).title == "Lifelong learning: HAD, LwF, EWC, SPG"
    assert make_document(runs).title == "Lifelong learning: 5 methods compared"


def test_only_columns_of_numbers_are_right_aligned():
    rows = [["a", "1 seg", "0.7 ± 0.1", "-"], ["b", "2 depth", "+3", "12 %"]]
    table = Table("t", ["run", "phase", "m", "share"], rows)
    assert [table.is_right(j) for j in range(4)] == [False, False, True, True]
    assert not Table("t", ["run", "m"], [["a", "1"]], numeric=False).is_right(1)
