import math

import pytest

from mmlhl.analysis.comparison import Comparison
from mmlhl.analysis.seeds import Estimate

from .samples import field_of_runs, record


def sheet_of(comparison, name):
    (group,) = comparison.groups
    sheet = getattr(comparison, name)(group)
    names = [column.heading for column in sheet.columns]
    return sheet, {row: dict(zip(names, cells, strict=True)) for row, cells in sheet.rows}


def test_summary_by_hand():
    sheet, rows = sheet_of(Comparison(field_of_runs()), "summary")
    assert list(rows) == ["naive", "HAD", "LwF", "Joint", "Single"]
    # The mean naive run has mIoU 20: gains are 100 and 110 %, then 40 % and 20 %.
    gain = rows["HAD"]["gain over naive % ↑"]
    values = [(70 + 20) / 2, (75 + 20) / 2]
    assert gain.values == pytest.approx(values) and gain.runs == 2
    assert gain.std == pytest.approx((values[1] - values[0]) / math.sqrt(2))
    # Joint is no better than naive in depth.
    place = rows["HAD"]["naive 0 .. joint 100 % ↑"]
    assert place.values == pytest.approx([(50 + 50) / 2, (55 + 50) / 2])
    assert "depth abs_err" in sheet.notes[0]
    single = rows["HAD"]["gain over single % ↑"]
    assert single.values[0] == pytest.approx(((-20 - 30) / 2 - 100) / 2)
    assert rows["Joint"]["naive 0 .. joint 100 % ↑"].mean == pytest.approx(100)
    assert rows["Single"]["gain over single % ↑"].mean == 0
    ranks = {label: rows[label]["mean rank ↓"] for label in rows}
    assert ranks["HAD"].mean == pytest.approx((1 + 2 + 1) / 3)
    assert ranks["Joint"] == "-"
    assert rows["HAD"]["forgetting % ↓"].values == pytest.approx([(20 + 12.5) / 2, (16 + 12.5) / 2])
    assert rows["HAD"]["backward transfer % ↑"].values[0] == pytest.approx(-(20 + 12.5) / 2)
    assert rows["HAD"]["minutes"].mean == pytest.approx(1)
    assert rows["HAD"]["exemplars"] == "none" and rows["HAD"]["runs"] == "2"


def test_runs_without_times_do_not_count_as_no_time():
    runs = [record("HAD", 0), record("HAD", 1)]
    runs[1].timing = [None, None]
    _, rows = sheet_of(Comparison(runs), "summary")
    assert rows["HAD"]["minutes"].mean == pytest.approx(2 / 60)


def test_a_mean_that_leaves_out_an_undefined_run_says_so():
    runs = field_of_runs()
    assert not any("undefined" in note for note in sheet_of(Comparison(runs), "summary")[0].notes)
    next(r for r in runs if (r.label, r.seed) == ("HAD", 1)).metrics["depth"]["abs_err"][
        "values"
    ] = [None, None]
    sheet, rows = sheet_of(Comparison(runs), "summary")
    assert rows["HAD"]["gain over naive % ↑"].runs == 1 and rows["HAD"]["runs"] == "2"
    said = "gain over naive % ↑: only 1 of 2 runs of HAD; undefined in the others."
    assert said in sheet.notes
    assert not any("LwF" in note or "mean rank" in note for note in sheet.notes)


def test_a_metric_that_no_run_has_is_refused():
    with pytest.raises(ValueError, match="no run has the metric 'mIoUs'; did you mean 'mIoU'"):
        Comparison([record()], ["abs_err", "mIoUs"])
    assert Comparison([record()], ["abs_err"]).groups


def test_pairing_by_seed():
    runs = field_of_runs()[:6]  # the references have one seed only
    _, rows = sheet_of(Comparison(runs, pairing="seed"), "summary")
    # Seed 0 gains 300 % in mIoU, seed 1 gains 40 %.
    assert rows["HAD"]["gain over naive % ↑"].values == pytest.approx([95, 30])
    assert rows["naive"]["gain over naive % ↑"].mean == 0
    with pytest.raises(ValueError, match="naive with seed 7"):
        sheet_of(Comparison([*runs, record("HAD", 7)], pairing="seed"), "summary")
    with pytest.raises(ValueError, match="'both'"):
        Comparison(runs, pairing="both")


def test_missing_references_are_shown_as_dashes():
    _, rows = sheet_of(Comparison([record("HAD"), record("LwF")]), "summary")
    assert rows["HAD"]["gain over naive % ↑"] == "-"
    assert rows["HAD"]["naive 0 .. joint 100 % ↑"] == "-"
    assert rows["HAD"]["mean rank ↓"].mean == 1.5


def test_other_labels_and_a_buffer():
    runs = field_of_runs()
    for run in runs:
        if run.method == "LwF":
            run.extra["label"] = "baseline"
            run.phases[1]["exemplars"] = 50
    _, rows = sheet_of(Comparison(runs, naive="Baseline"), "summary")
    assert (
        rows["baseline"]["exemplars"] == "50" and rows["baseline"]["gain over naive % ↑"].mean == 0
    )
    assert list(rows)[0] == "baseline"


def test_final_metrics_and_who_is_best():
    sheet, rows = sheet_of(Comparison(field_of_runs()), "final")
    assert list(rows["HAD"]) == ["seg mIoU [%] ↑", "seg aAcc [%] ↑", "depth abs_err [m] ↓"]
    assert rows["HAD"]["seg mIoU [%] ↑"] == Estimate(41, math.sqrt(2), 2, (40, 42))
    assert rows["Single"]["depth abs_err [m] ↓"].mean == 0.4
    text = [[sheet.text(i, j) for j in range(3)] for i in range(5)]
    assert text[1] == ["41.00 ± 1.41", "70.00 ± 0.00", "0.8000 ± 0.0000"]
    best = [[sheet.is_best(i, j) for j in range(3)] for i in range(5)]
    # Joint and single are bounds, not competitors.
    assert best == [
        [False, False, False],
        [True, False, True],
        [False, True, False],
        [False, False, False],
        [False, False, False],
    ]
    assert [part.title for part in sheet.split()] == [
        f"{sheet.title}: seg",
        f"{sheet.title}: depth",
    ]


def test_forgetting_by_task_and_phases_of_a_method():
    comparison = Comparison(field_of_runs())
    _, rows = sheet_of(comparison, "forgetting")
    assert list(rows["HAD"]) == ["seg ↓"]
    assert rows["LwF"]["seg ↓"].mean == pytest.approx((40 + 6.25) / 2)
    sheet = comparison.phases(comparison.groups[0], "HAD")
    assert [column.heading for column in sheet.columns] == ["1 seg", "2 depth"]
    assert [name for name, _ in sheet.rows] == [
        "seg mIoU [%] ↑",
        "seg aAcc [%] ↑",
        "depth abs_err [m] ↓",
    ]
    assert [sheet.text(2, j) for j in range(2)] == ["-", "0.8000 ± 0.0000"]
    assert sheet.text(0, 1) == "41.00 ± 1.41" and not sheet.is_best(0, 0)
    names = [s.name for s in comparison.sheets(comparison.groups[0])]
    assert names == ["summary", "final", "forgetting", "phases", "phases", "phases"]


def test_metrics_that_only_some_runs_have_are_shown():
    runs = [record("naive"), record("HAD"), record("HAD", 1, rmse=(None, 0.7))]
    runs[1].metrics["seg"]["mDice"] = dict(higher_is_better=True, values=[60.0, 55.0], unit="%")
    comparison = Comparison(runs, "all")
    sheet, rows = sheet_of(comparison, "final")
    groups = [column.group for column in sheet.columns]
    assert groups == ["seg"] * 3 + ["depth"] * 2  # tasks stay together
    assert rows["HAD"]["depth rmse [m] ↑"].mean == 0.7
    assert rows["HAD"]["seg mDice [%] ↑"].values == (55.0,)
    assert math.isnan(rows["naive"]["seg mDice [%] ↑"].mean)
    (group,) = comparison.groups
    phases = dict(comparison.phases(group, "HAD").rows)
    assert phases["depth rmse [m] ↑"][1].mean == 0.7


def test_infinite_gains_of_both_signs_have_no_mean():
    naive = record("naive", miou=(50, 0), err=(None, 0.0))
    runs = [naive, record("HAD", miou=(50, 5)), record("HAD", 1, miou=(50, 5), err=(None, 0.0))]
    _, rows = sheet_of(Comparison(runs, ["mIoU", "abs_err"]), "summary")
    assert rows["HAD"]["gain over naive % ↑"].values == (math.inf,)  # of the second seed
